using System.Formats.Asn1;

namespace Postseal.Cms;

/// <summary>Reads what many structures have and <see cref="AsnReader"/> has no method for.</summary>
internal static class AsnReaderExtensions
{
    /// <summary>Determines whether an element with a tag comes next, whether primitive or constructed.</summary>
    public static bool IsNext(this AsnReader reader, Asn1Tag tag) => reader.HasData && reader.PeekTag().HasSameClassAndValue(tag);

    /// <summary>Time ::= CHOICE { UTCTime, GeneralizedTime } (RFC 5280 section 4.1.2.5, RFC 5652 section 11.3)</summary>
    /// <exception cref="AsnContentException">It is neither.</exception>
    public static DateTimeOffset ReadTime(this AsnReader reader) =>
        reader.IsNext(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();
}
