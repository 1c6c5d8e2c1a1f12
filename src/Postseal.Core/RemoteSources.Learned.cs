using Postseal.Certificates.Sources;
using Postseal.Harvest;

namespace Postseal;

/// <content>The source that keeps what is learned from mail.</content>
public sealed partial class RemoteSources
{
    /// <summary>Returns the store of <c>[Harvest] Path = ldap:NAME</c>; <see langword="null"/> where what is learned is in files, or no sources are
    /// open.</summary>
    /// <param name="harvest">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidOperationException">The package that opened the source cannot write there.</exception>
    internal ILearnedStore? LearnedStore(HarvestOptions harvest, TimeProvider time)
    {
        if (harvest.Ldap is not { } section || All.FirstOrDefault(source => source.Name == $"ldap:{section}") is not { } source)
            return null;
        var cached = source as CachedSource;
        return (cached?.Source ?? source) is ILearnedStore store
            ? new RemoteLearned(store, source.Name, address => cached?.Forget(address), time)
            : throw new InvalidOperationException(
                $"'[Harvest] Path = {source.Name}' needs a source that can be written to, as that of Postseal.Ldap.");
    }
}
