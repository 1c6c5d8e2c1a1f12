namespace Postseal.Certificates.Store;

/// <summary>A file in the certificate directory that is not used.</summary>
/// <param name="Path">The file.</param>
/// <param name="Reason">Why it is not used.</param>
internal sealed record UnusedFile(string Path, string Reason);
