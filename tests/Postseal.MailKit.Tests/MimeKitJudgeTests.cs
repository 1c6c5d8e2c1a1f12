using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.MailKit.Tests.Support;
using Postseal.Policy;
using Postseal.Smime;
using Postseal.TestKit;
using static Postseal.TestKit.TestMail;

namespace Postseal.MailKit.Tests;

/// <summary>MimeKit verifies what leaves signed, however odd it was when it came.</summary>
public sealed class MimeKitJudgeTests : IDisposable
{
    private readonly Office office = new();

    [Fact]
    public void MimeKit_verifies_every_message_of_the_corpora() => MimeKitVerifies(Corpora.All, SignatureForm.Detached);

    [Fact]
    public void MimeKit_verifies_every_message_of_our_corpus_in_the_opaque_form() =>
        MimeKitVerifies(Corpora.Own, SignatureForm.Opaque);

    [Fact]
    public void MimeKit_verifies_every_message_that_can_be_made_of_the_pieces_of_one()
    {
        var processor = Processor(SignatureForm.Detached);

        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(40),
            Prop.ForAll(OddMessages.Any, text =>
            {
                // The first part of a multipart/signed is somebody else's, odd or not.
                var mail = text.Contains("multipart/signed", StringComparison.Ordinal)
                    ? null
                    : Sign(processor, MailMessage.Parse(Encoding.Latin1.GetBytes(text)));
                return Prop.When(mail is not null, () => FaultOf(mail!) is null);
            }));
    }

    [Fact]
    public void MimeKit_rejects_a_message_with_one_byte_changed()
    {
        var mail = Sign(Processor(SignatureForm.Detached), MailMessage.Parse("Content-Type: text/plain\r\n\r\nHello\r\n"u8.ToArray()))!;
        mail[mail.AsSpan().IndexOf("Hello"u8)]++;

        Assert.NotNull(FaultOf(mail));
    }

    public void Dispose() => office.Dispose();

    private static string? FaultOf(byte[] mail) => MimeKitJudge.Verify(new MemoryStream(mail)).Fault;

    private void MimeKitVerifies(IReadOnlyList<CorpusMessage> corpus, SignatureForm form)
    {
        var processor = Processor(form);
        var rejected = new List<string>();
        var signed = 0;
        foreach (var message in corpus)
        {
            if (Sign(processor, MailMessage.Parse(message.Bytes)) is not { } mail)
                continue;
            signed++;
            if (FaultOf(mail) is { } reason)
                rejected.Add($"{message}: {reason}");
        }

        Assert.Empty(rejected);
        Assert.InRange(signed, Corpora.Own.Count, corpus.Count);
    }

    private OutgoingProcessor Processor(SignatureForm form)
    {
        var options = office.Options() with { Signing = new SigningRules { Form = form, Mode = SigningMode.Required } };
        return new(options, new CertificateDirectory(options.Certificates, office.Time), office.Time);
    }

    /// <summary>
    /// The message signed by Erin, whoever it was from; null when it is protected already, well or badly, or its header is such
    /// that readers could see another author. Erin's key is EC: Bouncy Castle looks for the factors of each RSA key it reads.
    /// </summary>
    private static byte[]? Sign(OutgoingProcessor processor, MailMessage message)
    {
        var others = message.Headers.Where(field => !field.Is("From") && !field.Is("Sender"));
        message = message with { Headers = [new("From", " erin@example.org"), .. others] };
        switch (processor.Process(message, new Envelope { ClientAddress = IPAddress.Loopback }))
        {
            case Outcome.Replaced signed:
                return BytesOf(signed.Message);
            case Outcome.Unchanged { Why.Message: var reason } when reason.Contains("protected already", StringComparison.Ordinal):
            case Outcome.Refused { Reply.EnhancedStatusCode: "5.7.1" }:
                return null;
            case var result:
                throw new InvalidOperationException($"{result} is not signed.");
        }
    }
}
