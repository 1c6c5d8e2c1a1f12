using System.Collections.Concurrent;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>Remembers to whom mail was encrypted.</summary>
internal sealed class CorrespondentMemory : ICorrespondentMemory
{
    private readonly ConcurrentDictionary<MailAddress, bool> known = new();

    /// <inheritdoc/>
    public bool Knows(MailAddress address) => known.ContainsKey(address);

    /// <inheritdoc/>
    public void Remember(MailAddress address) => known[address] = true;
}
