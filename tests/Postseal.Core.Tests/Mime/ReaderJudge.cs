using System.Diagnostics;
using Postseal.Mime;

namespace Postseal.Tests.Mime;

/// <summary>
/// What a reader that shares no code with us sees: Python's email package, with the leaves of both messages decoded and
/// compared.
/// </summary>
internal static class ReaderJudge
{
    private const string Script = """
        import email, email.policy, pathlib, sys

        def leaves(path):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)
            for part in message.walk():
                if not part.is_multipart():
                    content = part.get_payload(decode=True) or b''
                    # Line ends are the transport's, and so is one at the end of the message.
                    if part.get_content_maintype() in ('text', 'message', 'multipart'):
                        content = content.replace(b'\r\n', b'\n')
                    yield content.removesuffix(b'\r\n').removesuffix(b'\n') if part is message else content

        for before in sorted(pathlib.Path(sys.argv[1]).glob('*.before')):
            one, other = list(leaves(before)), list(leaves(before.with_suffix('.after')))
            if one != other:
                print(before.stem, *(f'{a!r:.300} became {b!r:.300};' for a, b in zip(one, other) if a != b), len(one), len(other))
        """;

    public static bool IsAvailable { get; } = Find("python3") is not null;

    /// <summary>What differs for the reader, one line a message.</summary>
    public static string Compare(IEnumerable<(string Name, MailMessage Before, CanonicalEntity After)> messages)
    {
        var folder = Directory.CreateTempSubdirectory("postseal-mime-");
        try
        {
            foreach (var (name, before, after) in messages)
            {
                using var beforeFile = File.Create(Path.Combine(folder.FullName, name + ".before"));
                (before with { LineEnding = LineEnding.CrLf }).WriteTo(beforeFile);
                using var afterFile = File.Create(Path.Combine(folder.FullName, name + ".after"));
                foreach (var piece in after.Content)
                    afterFile.Write(piece.Span);
            }
            return Run(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Run(string folder)
    {
        var start = new ProcessStartInfo("python3", ["-c", Script, folder]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var python = Process.Start(start)!;
        var errors = python.StandardError.ReadToEndAsync();
        var output = python.StandardOutput.ReadToEnd();
        python.WaitForExit();
        return output + errors.GetAwaiter().GetResult();
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
