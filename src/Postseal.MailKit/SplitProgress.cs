using MailKit;

namespace Postseal.MailKit;

/// <summary>
/// Reports the progress of several transactions as one. Copies are made when it is their turn, so that not all of them are in
/// memory; until the last one, the total takes those to come for as long as the current one.
/// </summary>
/// <param name="listener">Takes it.</param>
internal sealed class SplitProgress(ITransferProgress listener) : ITransferProgress
{
    private long before;
    private long current;
    private int left;

    /// <summary>Begins the next transaction.</summary>
    /// <param name="transactions">How many follow it, as far as is known.</param>
    public void Next(int transactions) => (before, current, left) = (before + current, 0, transactions);

    /// <inheritdoc/>
    public void Report(long bytesTransferred, long totalSize)
    {
        current = bytesTransferred;
        listener.Report(before + bytesTransferred, before + (totalSize * (left + 1)));
    }

    /// <inheritdoc/>
    public void Report(long bytesTransferred)
    {
        current = bytesTransferred;
        listener.Report(before + bytesTransferred);
    }
}
