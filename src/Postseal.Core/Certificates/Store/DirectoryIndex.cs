using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// Whose the files in the certificate directory are, and those in the directories below it that belong to mailing lists
/// (<c>ADDRESS/</c> and <c>DOMAIN/LOCALPART/</c>). Made anew when a listing changes; what was read of files that stayed
/// is taken over, and what is gone is forgotten.
/// </summary>
internal sealed class DirectoryIndex
{
    private readonly CertificateOptions options;
    private readonly TimeProvider time;
    private readonly DirectoryListing top;
    private readonly Dictionary<(string, bool), KeyFileReader> readers = []; // a file may be a sender's and, with its key unseen, a recipient's
    private readonly Dictionary<AddressPattern, List<KeyFileReader>> byOwner = [];
    private readonly HashSet<KeyFileReader> ambiguous = []; // whose name may stand for several addresses
    private readonly Dictionary<AddressPattern, List<DirectoryListing>> below = [];
    private readonly Dictionary<AddressPattern, KeyFileReader> configured = [];
    private readonly Dictionary<AddressPattern, KeyFileReader> recipients = [];
    private readonly List<string> intermediateFiles = [];
    private readonly Lazy<IntermediatePool> intermediates;
    private readonly Dictionary<(string, bool), KeyFileReader> known; // of the index before, while this one is made

    private readonly List<string> unreadable = [];
    private readonly Dictionary<AddressPattern, string> unreadableOf = [];
    private readonly List<UnusedFile> unused = [];
    private readonly Dictionary<string, IReadOnlyList<AddressPattern>> ownersByStem = [];
    private readonly Dictionary<string, IReadOnlyList<AddressPattern>> ownersBefore;

    private DirectoryIndex(CertificateOptions options, TimeProvider time, DirectoryIndex? previous)
    {
        (this.options, this.time, known) = (options, time, previous?.readers ?? []);
        ownersBefore = previous?.ownersByStem ?? [];
        top = DirectoryListing.Of(options.Path, time);
        AddNamedFiles();
        AddLists();
        Common = AddListFiles(top.Files.Where(file => FileConventions.IsListFile(file.Key) && OwnerOf(file.Key) is null))
            .ConvertAll(files => Reader(files, owner: null));
        foreach (var (owner, sender) in options.Senders.Where(sender => sender.Value.Certificate is not null))
            configured[owner] = Reader(new KeyFileSet(sender.Certificate!, sender.Certificate), owner);
        foreach (var (owner, file) in options.Recipients)
            recipients[owner] = Reader(new KeyFileSet(file, null, null, FilePurpose.Recipient), owner);
        var read = previous?.intermediates is { IsValueCreated: true } pool ? pool.Value : null;
        intermediates = new Lazy<IntermediatePool>(() => IntermediatePool.Of(intermediateFiles, read));
        (known, ownersBefore) = ([], []); // else each index would keep the one before it alive, and that the one before
    }

    /// <summary>Gets the common key pairs, for whichever addresses they name.</summary>
    public IReadOnlyList<KeyFileReader> Common { get; }

    /// <summary>Gets the CA certificates, as they were when they were first asked for after the listing.</summary>
    public IntermediatePool Intermediates => intermediates.Value;

    /// <summary>Gets the files that belong to nobody by their names, or that another file takes precedence over.</summary>
    public IEnumerable<UnusedFile> Unused =>
    [
        .. unused,
        .. from owner in configured.Keys
           from reader in byOwner.GetValueOrDefault(owner) ?? []
           where reader.Files.IsOurs
           select new UnusedFile(reader.Files.CertificateFile, $"[Sender:{owner}] Certificate names another file"),
    ];

    /// <summary>Lists the directory.</summary>
    /// <param name="options">Where it is, and what opens its encrypted keys.</param>
    /// <param name="time">The clock time stamps are held against.</param>
    /// <param name="previous">What it was before.</param>
    /// <param name="warn">Takes a sentence for each directory below that cannot be read since now.</param>
    /// <exception cref="IOException">It is not there or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static DirectoryIndex Of(
        CertificateOptions options, TimeProvider time, DirectoryIndex? previous, Action<string> warn)
    {
        var made = new DirectoryIndex(options, time, previous);
        foreach (var problem in made.unreadable.Except(previous?.unreadable ?? []))
            warn(problem);
        return made;
    }

    /// <summary>Determines whether all of it still holds.</summary>
    public bool IsCurrent() => top.IsCurrent() && below.Keys.All(AreCurrent);

    /// <summary>Determines whether what it says of one address still holds.</summary>
    public bool IsCurrentFor(MailAddress address) => IsCurrentFor(AddressPattern.Of(address));

    /// <summary>Determines whether what it says of one address, or of a domain as a whole, still holds.</summary>
    public bool IsCurrentFor(AddressPattern owner) =>
        top.IsCurrent() && (below.Count == 0 || (AreCurrent(owner) && AreCurrent(owner.Domain)));

    /// <summary>Returns the files that are an address's own, or that are for a whole domain.</summary>
    public IReadOnlyList<KeyFileReader> Of(AddressPattern owner) =>
        configured.TryGetValue(owner, out var named) ? [named] : byOwner.GetValueOrDefault(owner) ?? [];

    /// <summary>Returns every file of ours that may hold a key of that owner, those too that another one takes precedence over.</summary>
    public IEnumerable<KeyFileReader> KeysOf(AddressPattern owner)
    {
        IEnumerable<KeyFileReader> named = byOwner.GetValueOrDefault(owner) ?? [];
        return (configured.TryGetValue(owner, out var other) ? named.Prepend(other) : named).Where(reader => reader.Files.IsOurs);
    }

    /// <summary>Gets all files.</summary>
    public IEnumerable<KeyFileReader> Readers => readers.Values;

    /// <summary>Determines whether only the certificate tells which of several addresses a file is named after.</summary>
    public bool IsAmbiguous(KeyFileReader reader) => ambiguous.Contains(reader);

    /// <summary>Returns the file that <c>[Recipient:…] Certificate</c> names for an address or a domain.</summary>
    public KeyFileReader? RecipientFileOf(AddressPattern owner) => recipients.GetValueOrDefault(owner);

    /// <summary>Explains why a directory below could not be read in which certificates of that owner may be; <see
    /// langword="null"/> when there is none such.</summary>
    public string? Unreadable(AddressPattern owner) =>
        unreadableOf.GetValueOrDefault(owner) ?? unreadableOf.GetValueOrDefault(owner.Domain);

    /// <summary>Returns all files, with whose they are; nobody's are the common pairs.</summary>
    public IEnumerable<(AddressPattern? Owner, KeyFileReader Reader)> All() =>
    [
        .. from owner in configured.Keys.Union(byOwner.Keys)
           from reader in Of(owner)
           select ((AddressPattern?)owner, reader),
        .. Common.Select(reader => ((AddressPattern?)null, reader)),
    ];

    private bool AreCurrent(AddressPattern owner) =>
        !below.TryGetValue(owner, out var listings) || listings.TrueForAll(listing => listing.IsCurrent());

    private void AddNamedFiles()
    {
        var stems = new Dictionary<string, Dictionary<string, string>>(AsciiCaseComparer.Instance);
        foreach (var (name, path) in top.Files)
        {
            if (OwnerOf(name) is var (stem, suffix))
            {
                if (!GetOrAdd(stems, stem).TryAdd(suffix, path))
                    unused.Add(new(path, $"{Path.GetFileName(stems[stem][suffix])} has the same name but for its case, and comes first"));
            }
            else if (FileConventions.IsListFile(name))
                continue;
            else if (FileConventions.MayHoldIssuers(name))
                intermediateFiles.Add(path);
            else
                unused.Add(new(path, "its name is no mail address with one of the known endings; see 'postseal certs import --help'"));
        }

        foreach (var (stem, files) in stems)
            AddNamedFiles(stem, files);
    }

    private void AddNamedFiles(string stem, Dictionary<string, string> files)
    {
        var found = FileConventions.ForAddress(files).ToList();
        AddReaders(OwnersOf(stem), found);
        if (files.TryGetValue(FileConventions.Chain, out var chain))
            intermediateFiles.Add(chain);
        unused.AddRange(
            from path in files.Values.Except(found.SelectMany(source => source.All))
            where path != chain && !(found.Count > 0 && FileConventions.IsOfLearned(path))
            select new UnusedFile(
                path,
                found.Count == 0
                    ? $"it has no certificate beside it, {stem}.crt, {stem}.cer or {stem}.pem"
                    : $"{Path.GetFileName(found[0].KeyFile)} comes before it"));
    }

    /// <summary>Splits a file's name into the address or domain it is named after, as it is written there, and the suffix.</summary>
    private (string Stem, string Suffix)? OwnerOf(string name)
    {
        foreach (var split in FileConventions.Splits(name))
        {
            if (OwnersOf(split.Stem).Count > 0)
                return split;
        }

        return null;
    }

    private void AddLists()
    {
        foreach (var (name, path) in top.Directories.Where(directory => !FileConventions.IsSetAside(directory.Key)))
        {
            var owners = OwnersOf(name);
            if (owners.Count > 0)
                AddList(owners, path);
            else if (OwnersOf("@" + name) is [var domain])
                AddDomain(domain, name, path);
            else
                unused.Add(new(path, "its name is neither a mail address nor a domain"));
        }
    }

    private void AddDomain(AddressPattern owner, string domain, string path)
    {
        if (ListBelow([owner], path) is not { } listing)
            return;
        GetOrAdd(below, owner).Add(listing);
        foreach (var (localPart, list) in listing.Directories)
            AddList(OwnersOf($"{localPart}@{domain}"), list);
        unused.AddRange(
            from file in listing.Files
            where FileConventions.IsMeant(file.Key)
            select new UnusedFile(file.Value, "it lies in a domain's directory, where only those of its lists are looked at"));
    }

    private void AddList(IReadOnlyList<AddressPattern> owners, string path)
    {
        if (owners.Count == 0 || ListBelow(owners, path) is not { } listing)
            return;
        foreach (var owner in owners)
            GetOrAdd(below, owner).Add(listing);
        AddReaders(owners, AddListFiles(listing.Files));
    }

    private List<KeyFileSet> AddListFiles(IEnumerable<KeyValuePair<string, string>> files)
    {
        var byName = files.ToDictionary();
        var found = FileConventions.ForList(byName).ToList();
        unused.AddRange(
            from file in byName
            where FileConventions.IsMeant(file.Key) && !found.Exists(source => source.All.Contains(file.Value))
            select new UnusedFile(file.Value, "in a list's directory cert.pem and private_key, with the same ending, belong together"));
        return found;
    }

    /// <summary>Lists a directory below. One that is not for us to read, or just went away, keeps nobody else's certificate
    /// from use.</summary>
    private DirectoryListing? ListBelow(IReadOnlyList<AddressPattern> owners, string path)
    {
        try
        {
            return DirectoryListing.Of(path, time);
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            unreadable.Add($"{path} cannot be read, so its certificates are not used: {e.Message}");
            foreach (var owner in owners)
                unreadableOf[owner] = $"{path} cannot be read: {e.Message}";
            unused.Add(new(path, $"it cannot be read: {e.Message}"));
            return null;
        }
    }

    private void AddReaders(IReadOnlyList<AddressPattern> owners, IEnumerable<KeyFileSet> found)
    {
        foreach (var reader in found.Select(files => Reader(files, owners[0])))
        {
            foreach (var owner in owners)
                GetOrAdd(byOwner, owner).Add(reader);
            if (owners.Count > 1)
                ambiguous.Add(reader);
        }
    }

    /// <summary>Returns the addresses a name may stand for, or the domain; read from the name once for all listings.</summary>
    private IReadOnlyList<AddressPattern> OwnersOf(string stem) =>
        ownersByStem.TryGetValue(stem, out var known) ? known
        : ownersByStem[stem] = ownersBefore.TryGetValue(stem, out var before) ? before : AddressFileName.Readings(stem);

    /// <summary>Returns the reader of these files: the one there was, or a new one that knows the old one's last good
    /// content.</summary>
    private KeyFileReader Reader(KeyFileSet files, AddressPattern? owner)
    {
        files = files with { PassphraseFile = PassphraseFileOf(owner), MauticSecretFile = options.SecretFile };
        var key = (files.CertificateFile, files.IsOurs);
        var before = known.GetValueOrDefault(key);
        return readers[key] = before?.Files == files ? before : new KeyFileReader(files, before);
    }

    private string? PassphraseFileOf(AddressPattern? owner) =>
        (owner is null ? null : PassphraseFileFor(owner) ?? PassphraseFileFor(owner.Domain)) ?? options.PassphraseFile;

    private string? PassphraseFileFor(AddressPattern sender) => options.Senders.GetValueOrDefault(sender)?.PassphraseFile;

    private static TValue GetOrAdd<TKey, TValue>(Dictionary<TKey, TValue> dictionary, TKey key)
        where TKey : notnull
        where TValue : new() =>
        dictionary.TryGetValue(key, out var value) ? value : dictionary[key] = new TValue();
}
