using Postseal.Benchmarks.Parts;

namespace Postseal.Benchmarks.Core;

/// <summary>In place of the peers that need MailKit, where the package sources have none.</summary>
internal static class MailKitPeers
{
    public static bool AreHere => false;

    public static IEnumerable<Contender> OfRawMessage(TrialSigner signer, string key, byte[] raw, int size) => [];

    public static IEnumerable<Contender> OfMadeMessage(TrialSigner signer, string key, int size) => [];
}
