using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Fetching;
using Postseal.Certificates.Revocation;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>A CA, a directory of anchors and one of state, a network that answers what a test puts there, and who asks.</summary>
internal sealed class ListScenario : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private CaContact? contact;

    public ListScenario(RevocationMethod method = RevocationMethod.Crl)
    {
        Method = method;
        Directory.CreateDirectory(directory.File("anchors"));
        Now = Time.Now;
        Root = RevokingCa.Root("CN=Root", Now);
        Ca = Root.Intermediate("CN=CA", Now);
    }

    public SettableTime Time { get; } = new(new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero));

    public DateTimeOffset Now { get; }

    public RevocationMethod Method { get; }

    public RevokingCa Root { get; }

    public RevokingCa Ca { get; }

    public List<string> Warnings { get; } = [];

    public List<X509Certificate2> Known { get; } = [];

    public NetworkDouble Network { get; } = new();

    public bool HasNetwork { get; set; } = true;

    public CaContact Contact => contact ??= new CaContact(
        new CaContactOptions(Method, directory.File("state"), directory.File("anchors"), []), HasNetwork ? Network : null, () => Known, Time, Warn);

    public string StatePath => directory.File("state");

    public string StateFile => Directory.GetFiles(directory.File("state/crls")).Single();

    /// <summary>Asks without waiting for anything.</summary>
    public RevocationAnswer Ask(X509Certificate2 certificate, RevokingCa? ca = null) => Contact.Revocation.Check(certificate, (ca ?? Ca).Chain);

    /// <summary>Asks, waits for what was fetched then, and asks again.</summary>
    public async Task<RevocationAnswer> AskTwice(X509Certificate2 certificate, RevokingCa? ca = null)
    {
        Ask(certificate, ca);
        await Contact.WhenIdleAsync();
        return Ask(certificate, ca);
    }

    /// <summary>Puts a list beside the anchors.</summary>
    public void Put(string name, byte[] list) => File.WriteAllBytes(directory.File($"anchors/{name}"), list);

    /// <summary>Starts again with what is in the directories.</summary>
    public async Task RestartAsync()
    {
        await Contact.DisposeAsync();
        contact = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (contact is not null)
            await contact.DisposeAsync();
        directory.Dispose();
    }

    private void Warn(string sentence)
    {
        lock (Warnings)
            Warnings.Add(sentence);
    }
}

/// <summary>A network of a few addresses.</summary>
internal sealed class NetworkDouble : IDownloads
{
    public Dictionary<string, Func<byte[]?>> Pages { get; } = [];

    public List<string> Asked { get; } = [];

    /// <summary>What is waited for before anything is answered.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public byte[] this[string url]
    {
        set => Pages[url] = () => value;
    }

    public async Task<Download> FetchAsync(DownloadRequest request, CancellationToken cancellationToken)
    {
        lock (Asked)
            Asked.Add(request.Url.AbsoluteUri);
        await Gate.WaitAsync(cancellationToken);
        return Pages.GetValueOrDefault(request.Url.AbsoluteUri)?.Invoke() is { } content ? new Download(content, null) : Download.Failed("answers HTTP 404");
    }
}
