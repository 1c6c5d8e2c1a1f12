namespace Postseal.Certificates.Store;

/// <summary>The conventions: which names each system gives to the files of an address.</summary>
internal static class FileConventions
{
    /// <summary>What signing-milter puts behind a name for the rest of its chain.</summary>
    internal const string Chain = "-chain.pem";

    /// <summary>What is put behind a correspondent's address for what his program can read.</summary>
    internal const string Abilities = ".capabilities";

    /// <summary>What is put behind a correspondent's address for the file that says where the certificate was learned from.</summary>
    internal const string Provenance = ".learned";

    /// <summary>What is put behind a correspondent's address for the signature that the certificate was learned from, without its content:
    /// a value of userSMIMECertificate (RFC 2798 section 2.8).</summary>
    internal const string LearnedSignature = ".p7s";

    /// <summary>The directories, below that of learned certificates, of certificates that are not in use: they were replaced, or wait for
    /// approval.</summary>
    internal const string Replaced = "replaced", Pending = "pending";

    /// <summary>Where a key lies beside its certificate, in the order in which it is looked for.</summary>
    private static readonly string[] KeySuffixes = [".pem.enc", ".pem", ".key"];

    /// <summary>What is put behind an address, or behind <c>@example.org</c> for a whole domain, for files that may hold a key or its
    /// certificate. Longer ones first.</summary>
    private static readonly string[] KeyPairSuffixes = ["-cert+key.pem", Chain, .. KeySuffixes, ".crt", ".cer", ".p12", ".pfx"];

    private static readonly string[] Suffixes = [.. KeyPairSuffixes, "@sign", "@enc", Abilities, Provenance, LearnedSignature, ""];

    /// <summary>No domain ends like this: such a name is not the bare address of a correspondent.</summary>
    private static readonly string[] EndsOfNoAddress = [".csr", ".der", ".p7b", ".p7c", ".old", ".bak", ".orig", "~"];

    /// <summary>What is put behind the whole name of a file whose key opens old mail and does nothing else.</summary>
    private const string Old = ".old";

    private const string SympaCertificate = "cert.pem";
    private const string SympaKey = "private_key";

    /// <summary>Lists the names of the files a key may be in, by the name of the file its certificate is in.</summary>
    public static IEnumerable<string> KeyNamesOf(string certificateName)
    {
        ArgumentNullException.ThrowIfNull(certificateName);
        return certificateName.StartsWith(SympaCertificate, StringComparison.OrdinalIgnoreCase)
            ? [SympaKey + certificateName[SympaCertificate.Length..]]
            : KeySuffixes.Select(suffix => Path.ChangeExtension(certificateName, suffix));
    }

    /// <summary>
    /// Splits a file's name into what it is named after and the suffix, in all the ways in which it can be read: the first
    /// that gives an address counts.
    /// </summary>
    internal static IEnumerable<(string Stem, string Suffix)> Splits(string name) => EndOf(name) is { Length: > 0 } end
        ? Splits(name[..^end.Length], end.ToLowerInvariant(), KeyPairSuffixes)
        : Splits(name, "", Suffixes.Where(suffix =>
            suffix.Length > 0 || !EndsOfNoAddress.Any(end => name.EndsWith(end, StringComparison.OrdinalIgnoreCase))));

    /// <summary>Returns the name under which a replaced key pair is kept, so that mail that was encrypted to it can be opened.</summary>
    /// <param name="name">The name of the file until now.</param>
    /// <param name="mark">What tells it from files that were replaced before.</param>
    internal static string OldName(string name, string mark) => $"{name}.{mark}{Old}";

    /// <summary>Returns the certificates of one address.</summary>
    /// <param name="files">The paths of its files, by their suffixes.</param>
    internal static IEnumerable<KeyFileSet> ForAddress(IReadOnlyDictionary<string, string> files)
    {
        var abilities = files.GetValueOrDefault(Abilities);
        return
        [
            .. PairsAndCertificates(files.GetValueOrDefault).Select(set => set with { AbilitiesFile = abilities }),
            .. from end in files.Keys.Select(EndOf).OfType<string>().Distinct().Order(StringComparer.Ordinal)
               from set in PairsAndCertificates(suffix => files.GetValueOrDefault(suffix + end))
               where set is { IsOurs: true, KeyFile: not null }
               select set with { Purpose = FilePurpose.Decrypt },
        ];
    }

    private static IEnumerable<(string Stem, string Suffix)> Splits(string name, string end, IEnumerable<string> suffixes) =>
        from suffix in suffixes
        where name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
        select (name[..^suffix.Length], suffix + end);

    /// <summary>Returns the end of a file name that says that the key pair is an old one: <c>.old</c>, or with a mark that tells it from
    /// others, <c>.2025.old</c>.</summary>
    private static string? EndOf(string name)
    {
        if (!name.EndsWith(Old, StringComparison.OrdinalIgnoreCase))
            return null;
        var rest = name[..^Old.Length];
        if (HasKeySuffix(rest))
            return name[rest.Length..];
        var mark = rest.LastIndexOf('.');
        return mark > 0 && mark < rest.Length - 1 && HasKeySuffix(rest[..mark])
            && rest[(mark + 1)..].All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? name[mark..]
            : null;
    }

    private static bool HasKeySuffix(string name) => KeyPairSuffixes.Any(suffix => name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<KeyFileSet> PairsAndCertificates(Func<string, string?> find)
    {
        var pem = find(".pem");
        var chain = find(Chain);

        // Mautic: ADDRESS.crt, and the key in ADDRESS.pem.enc, or else in ADDRESS.pem. An encrypted key that cannot be
        // opened is never passed over for one that lies there in the open. Others have their key in ADDRESS.key, where
        // it does not come before Mautic's: it may be the one that the next certificate was requested for.
        var encrypted = find(".pem.enc");
        var key = find(".key");
        var other = encrypted is null && pem is not null ? key : null;
        string[] certificates = [.. new[] { find(".crt"), find(".cer") }.OfType<string>()];
        foreach (var certificate in certificates)
            yield return new KeyFileSet(certificate, encrypted ?? pem ?? key, chain) { OtherKeyFile = other };

        // Tattler: key, certificate and chain in ADDRESS.pem. Beside ADDRESS.crt it may be Mautic's key alone.
        if (pem is not null && encrypted is null)
            yield return new KeyFileSet(pem, pem, chain) { OtherKeyFile = other, MayBeKeyAlone = certificates.Length > 0 };
        else if (pem is not null && certificates.Length == 0)
            yield return new KeyFileSet(pem, encrypted, chain);

        // PKCS #12, as CAs hand it out.
        if (find(".p12") is { } p12)
            yield return new KeyFileSet(p12, p12, chain);
        if (find(".pfx") is { } pfx)
            yield return new KeyFileSet(pfx, pfx, chain);

        // signing-milter: NAME-cert+key.pem with NAME-chain.pem.
        if (find("-cert+key.pem") is { } both)
            yield return new KeyFileSet(both, both, chain);

        // Sympa's ssl_cert_dir: certificates of correspondents.
        if (find("") is { } recipient)
            yield return new KeyFileSet(recipient, null, null, FilePurpose.Recipient);
        if (find("@enc") is { } toEncrypt)
            yield return new KeyFileSet(toEncrypt, null, null, FilePurpose.RecipientEncrypt);
        if (find("@sign") is { } toVerify)
            yield return new KeyFileSet(toVerify, null, null, FilePurpose.Verify);
    }

    /// <summary>
    /// Sympa's own key pairs in a list's directory, or the common ones: <c>cert.pem</c> with <c>private_key</c>, and any
    /// suffix behind both. A file without its other half is passed over.
    /// </summary>
    internal static IEnumerable<KeyFileSet> ForList(IReadOnlyDictionary<string, string> files) =>
        from file in files.OrderBy(file => file.Key, StringComparer.Ordinal)
        where file.Key.StartsWith(SympaCertificate, StringComparison.Ordinal)
        let suffix = file.Key[SympaCertificate.Length..]
        where files.ContainsKey(SympaKey + suffix)
        select new KeyFileSet(file.Value, files[SympaKey + suffix], null, suffix switch
        {
            "" => FilePurpose.Any,
            ".sign" => FilePurpose.Sign,
            ".enc" => FilePurpose.Encrypt,
            _ => FilePurpose.Decrypt,
        });

    /// <summary>Determines whether a file accompanies a certificate that was learned from mail, and is not a certificate itself.</summary>
    internal static bool IsOfLearned(string path) =>
        path.EndsWith(Provenance, StringComparison.OrdinalIgnoreCase) || path.EndsWith(LearnedSignature, StringComparison.OrdinalIgnoreCase);

    /// <summary>Determines by the name of a directory whether its files are not in use. No domain has such a name.</summary>
    internal static bool IsSetAside(string directory) => directory is Replaced or Pending;

    /// <summary>Determines whether a file belongs to a list's key pairs.</summary>
    internal static bool IsListFile(string name) =>
        name.StartsWith(SympaCertificate, StringComparison.Ordinal) || name.StartsWith(SympaKey, StringComparison.Ordinal);

    /// <summary>Determines whether a file without any other use was meant for us, by its name.</summary>
    internal static bool IsMeant(string name) =>
        IsListFile(name) || MayHoldIssuers(name)
        || Path.GetExtension(name).ToLowerInvariant() is ".key" or ".enc" or ".p12" or ".pfx";

    /// <summary>
    /// Determines whether a file that is nobody's may hold CA certificates: <c>chain.pem</c>, <c>NAME.ca.pem</c>, a bundle,
    /// or OpenSSL's hashed form (<c>1a2b3c4d.0</c>). A name that is an address is never asked: <c>alice@example.ca.pem</c>
    /// is somebody in Canada.
    /// </summary>
    internal static bool MayHoldIssuers(string name) =>
        Path.GetExtension(name).ToLowerInvariant() is ".pem" or ".crt" or ".cer" or ".der" or ".p7b" or ".p7c"
        || (name.Length > 9 && name[8] == '.' && name[..8].All(char.IsAsciiHexDigit) && name[9..].All(char.IsAsciiDigit));
}
