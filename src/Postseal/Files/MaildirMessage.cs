using Microsoft.Win32.SafeHandles;

namespace Postseal.Program.Files;

/// <summary>A message in a Maildir.</summary>
/// <param name="folder">Its folder.</param>
/// <param name="place">Where it is: cur or new.</param>
/// <param name="name">Its name.</param>
internal sealed class MaildirMessage(MaildirFolder folder, OpenDirectory place, string name)
{
    /// <summary>Gets its folder.</summary>
    public MaildirFolder Folder => folder;

    /// <summary>Gets where it is: cur or new.</summary>
    public OpenDirectory Place => place;

    /// <summary>Gets its name.</summary>
    public MaildirName Name { get; } = MaildirName.Parse(name);

    /// <summary>Gets the path, for people.</summary>
    public string Path => System.IO.Path.Combine(place.Path, name);

    /// <summary>Opens it; <see langword="null"/> if it is not there any more, or is not a regular file.</summary>
    public SafeFileHandle? Open() => place.OpenFile(name);
}
