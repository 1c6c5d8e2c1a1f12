using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Postseal.Mail;
using Postseal.Mime.Canonical;

namespace Postseal.Benchmarks.Parts;

/// <summary>Messages made ready to be signed; beside the digest of the same bytes, which a signature needs anyway.</summary>
public class Canonicalizing
{
    private MailMessage message = MailMessage.Parse(default);

    /// <summary>What there is to do to a message.</summary>
    public enum Kind
    {
        /// <summary>Nothing.</summary>
        Text7Bit,

        /// <summary>UTF-8 becomes quoted-printable.</summary>
        Text8Bit,

        /// <summary>Nothing, to 1 MiB of base64.</summary>
        Attachment,

        /// <summary>Nothing, to four levels of parts.</summary>
        Nested,
    }

    [ParamsAllValues]
    public Kind Content { get; set; }

    [GlobalSetup]
    public void Parse() => message = MailMessage.Parse(Content switch
    {
        Kind.Text7Bit => SampleMail.Text(4 << 10),
        Kind.Text8Bit => SampleMail.Utf8Text(4 << 10),
        Kind.Attachment => SampleMail.WithAttachment(1 << 20),
        _ => SampleMail.Nested(),
    });

    [Benchmark(Baseline = true)]
    public byte[] Hash() => SHA256.HashData(message.Body.FirstSpan);

    [Benchmark]
    public object Canonicalize() => CanonicalEntity.Create(message);
}
