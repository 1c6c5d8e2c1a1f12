using System.Diagnostics;
using Postseal.Mail;
using Postseal.Mime.Canonical;

namespace Postseal.Tests.Mime;

/// <summary>
/// What a reader that shares no code with us sees: Python's email package, with the leaves of both messages decoded and
/// compared.
/// </summary>
internal static class ReaderJudge
{
    private const string Script = """
        import email, email.policy, pathlib, re, sys

        def leaves(path):
            header, empty_line, body = (b'\r\n' + path.read_bytes()).partition(b'\r\n\r\n')
            # Python does not unfold a boundary.
            header = re.sub(rb'\r\n(?=[ \t])', b'', header)
            message = email.message_from_bytes((header + empty_line + body)[2:], policy=email.policy.compat32)
            found = []
            for part in message.walk():
                if not part.is_multipart():
                    content = part.get_payload(decode=True) or b''
                    # How lines end is the transport's business.
                    if part.get_content_maintype() in ('text', 'message', 'multipart'):
                        content = content.replace(b'\r\n', b'\n')
                    found.append((part.get_content_maintype(), content))
            # So is the line end at the end of the message.
            found[-1:] = [(kind, last.removesuffix(b'\n').removesuffix(b'\r')) for kind, last in found[-1:]]
            return found

        def same(before, after):
            # Of a multipart without parts Python shows what goes before its last delimiter; as text, all is shown.
            return before[1] == after[1] or before[0] == 'multipart' and after[1].startswith(before[1].rstrip())

        for before in sorted(pathlib.Path(sys.argv[1]).glob('*.before')):
            one, other = leaves(before), leaves(before.with_suffix('.after'))
            if len(one) != len(other) or not all(map(same, one, other)):
                changes = (f'{a!r:.300} became {b!r:.300};' for a, b in zip(one, other) if not same(a, b))
                print(before.stem, *changes, len(one), 'and', len(other), 'leaves')
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
                new MailMessage([.. before.Headers.Where(Text.IsContentField)], before.Body).WriteTo(beforeFile);
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
        var start = new ProcessStartInfo("python3", ["-c", Script, folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var python = Process.Start(start)!;
        var errors = python.StandardError.ReadToEndAsync();
        var output = python.StandardOutput.ReadToEnd();
        python.WaitForExit();
        return output + errors.GetAwaiter().GetResult();
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
