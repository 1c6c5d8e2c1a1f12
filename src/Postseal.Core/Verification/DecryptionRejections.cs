using Postseal.Certificates;
using Postseal.Cms.Enveloped;

namespace Postseal.Verification;

/// <summary>Turns the reason why a message stays encrypted into a <see cref="Rejection"/>.</summary>
internal static class DecryptionRejections
{
    /// <summary>Returns the reason with its kind.</summary>
    public static Rejection AsRejection(this CannotDecrypt problem) => new(
        problem.Kind switch
        {
            DecryptionFailure.NobodyCould => RejectionKind.Undecryptable,
            DecryptionFailure.NoKey => RejectionKind.NoKey,
            _ => RejectionKind.DecryptionFailed,
        },
        problem.Reason);
}
