namespace Postseal.Certificates.Fetching;

/// <summary>
/// Fetches what certificates point to, from servers that nobody here knows: it follows no redirect, sends no credentials, goes to no
/// address of a private network, and ends at the limits of each request.
/// </summary>
internal interface IDownloads
{
    /// <summary>Fetches one thing. What goes wrong at the other side is a value.</summary>
    Task<Download> FetchAsync(DownloadRequest request, CancellationToken cancellationToken);
}

/// <summary>What is to be fetched.</summary>
/// <param name="Url">Where it is.</param>
/// <param name="MaxLength">The most bytes it may have.</param>
/// <param name="Timeout">How long all of it may take, the name's look-up included.</param>
internal sealed record DownloadRequest(Uri Url, int MaxLength, TimeSpan Timeout)
{
    /// <summary>Gets what is posted; <see langword="null"/> where it is simply got.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>Gets the media type of that.</summary>
    public string? ContentType { get; init; }
}

/// <summary>What came.</summary>
/// <param name="Content">The content; <see langword="null"/> where there is none.</param>
/// <param name="Problem">Why there is none, as the end of a sentence that begins with the address.</param>
internal sealed record Download(byte[]? Content, string? Problem)
{
    /// <summary>Says why there is none.</summary>
    public static Download Failed(string problem) => new(null, problem);
}
