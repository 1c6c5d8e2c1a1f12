namespace Postseal.Mail;

/// <summary>A reply of an SMTP server (RFC 5321 section 4.2) with its enhanced status code (RFC 3463).</summary>
/// <param name="Code">Three digits, 4xx to try again later, 5xx for good.</param>
/// <param name="EnhancedStatusCode">Class, subject and detail: <c>5.7.1</c>.</param>
/// <param name="Text">What the person who sent the message reads, in ASCII; an LF parts the lines of a reply of several.</param>
public sealed record SmtpReply(int Code, string EnhancedStatusCode, string Text);
