namespace Postseal.Cms.Enveloped;

/// <summary>What became of the attempt to decrypt a message.</summary>
internal abstract record Decryption;

/// <summary>It was decrypted.</summary>
/// <param name="Content">The content.</param>
/// <param name="ContentType">What it is: id-data for a MIME entity, or another content type of CMS.</param>
/// <param name="Algorithm">How it was encrypted, and so whether a change would have been noticed.</param>
internal sealed record DecryptedContent(ReadOnlyMemory<byte> Content, string ContentType, ContentAlgorithm Algorithm) : Decryption;

/// <summary>It was not.</summary>
/// <param name="Reason">Why, for the log alone: the end of a sentence that begins with the message. Whoever sent it must not
/// learn even that it failed.</param>
internal sealed record CannotDecrypt(string Reason) : Decryption;
