using Postseal.Certificates.Store;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>The names of the files of one address, as Sympa has them.</summary>
internal static class LearnedNames
{
    // Of a file name there are 255 bytes, of which the longest suffix and a time need some.
    private const int MaxStem = 200;

    /// <summary>Determines whether files can be named after an address so that nobody takes them for another's: it is a plain address
    /// whose name is read as that address and nothing else. "bob@example.net"@sign is not.</summary>
    public static bool Fits(MailAddress address)
    {
        var name = AddressFileName.Escape(address);
        return name.Length <= MaxStem && name[0] != '.' && address.ToString()[0] != '"' && !address.LocalPart.Contains('@', StringComparison.Ordinal)
            && address.AsciiDomain.Contains('.', StringComparison.Ordinal) && address.AsciiDomain.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.')
            && FileConventions.Splits(name).Where(split => AddressFileName.Readings(split.Stem).Count > 0).FirstOrDefault() is ({ } stem, "")
            && AddressFileName.Readings(stem).Contains(AddressPattern.Of(address));
    }

    /// <summary>Returns what all names of an address begin with.</summary>
    public static string Stem(MailAddress address) => AddressFileName.Escape(address);

    /// <summary>Returns what is put behind it for a certificate.</summary>
    public static string SuffixOf(LearnedUse use) => use switch
    {
        LearnedUse.Sign => "@sign",
        LearnedUse.Encrypt => "@enc",
        _ => "",
    };

    /// <summary>Returns the names of all files that may be written of an address, but for those that say something of them.</summary>
    public static IReadOnlyList<string> All(string stem) =>
        [.. Enum.GetValues<LearnedUse>().Select(SuffixOf).Append(FileConventions.LearnedSignature).Select(suffix => stem + suffix)];
}
