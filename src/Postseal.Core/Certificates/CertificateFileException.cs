namespace Postseal.Certificates;

/// <summary>A certificate or key file that cannot be used. The message names the file and says what to do.</summary>
/// <param name="path">The file.</param>
/// <param name="problem">What is wrong with it, as the end of a sentence that begins with the file.</param>
/// <param name="inner">What the platform said.</param>
public sealed class CertificateFileException(string path, string problem, Exception? inner = null)
    : Exception($"{path} {problem}", inner)
{
    /// <summary>The file.</summary>
    public string Path { get; } = path;
}
