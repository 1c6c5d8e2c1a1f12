using Postseal.Certificates.Store;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>The names of the files of one address, as Sympa has them.</summary>
internal static class LearnedNames
{
    // A file name has at most 255 bytes, and the longest suffix and a time need room too.
    private const int MaxStem = 200;

    /// <summary>Determines whether files can be named after an address so that they cannot be taken for those of another: their name is read
    /// as that address and nothing else. That of <c>"bob@example.net"@sign</c> is not.</summary>
    public static bool Fits(MailAddress address)
    {
        var name = AddressFileName.Escape(address);
        return name.Length <= MaxStem && name[0] != '.'
            && address.ToString()[0] != '"' && !address.LocalPart.Contains('@', StringComparison.Ordinal)
            && address.AsciiDomain.Contains('.', StringComparison.Ordinal)
            && address.AsciiDomain.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.')
            && FileConventions.Splits(name).Where(split => AddressFileName.Readings(split.Stem).Count > 0).FirstOrDefault() is ({ } stem, "")
            && AddressFileName.Readings(stem).Contains(AddressPattern.Of(address));
    }

    /// <summary>Returns how the names of all files of an address begin.</summary>
    public static string Stem(MailAddress address) => AddressFileName.Escape(address);

    /// <summary>Returns how the name of a certificate's file ends.</summary>
    public static string SuffixOf(LearnedUse use) => use switch
    {
        LearnedUse.Sign => "@sign",
        LearnedUse.Encrypt => "@enc",
        _ => "",
    };

    /// <summary>Returns the names of all files of an address with certificates or a signature.</summary>
    public static IReadOnlyList<string> All(string stem) =>
        [.. Enum.GetValues<LearnedUse>().Select(SuffixOf).Append(FileConventions.LearnedSignature).Select(suffix => stem + suffix)];
}
