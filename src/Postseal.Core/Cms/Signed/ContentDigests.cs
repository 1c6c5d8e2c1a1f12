using System.Buffers;
using System.Security.Cryptography;

namespace Postseal.Cms.Signed;

/// <summary>What each hash function that a signer names makes of the content.</summary>
internal sealed class ContentDigests
{
    private readonly List<(HashFunction Function, byte[] Value)> digests = [];

    private ContentDigests()
    {
    }

    /// <summary>Hashes content once, where it lies, with each function that is known and not only those of signers who cannot
    /// be believed anyway.</summary>
    /// <param name="signedData">Who signed.</param>
    /// <param name="content">The content: what it carries, or what it is a detached signature of.</param>
    public static ContentDigests Of(ReceivedSignedData signedData, in ReadOnlySequence<byte> content)
    {
        var digests = new ContentDigests();
        foreach (var signer in signedData.Signers)
        {
            if (signer.Problem is null && signer.Hash.PlatformName is not null && digests.ValueOf(signer.Hash).IsEmpty)
                digests.digests.Add((signer.Hash, new byte[signer.Hash.Length]));
        }

        if (content.IsSingleSegment)
        {
            foreach (var (function, value) in digests.digests)
                CryptographicOperations.HashData(function.PlatformName!.Value, content.FirstSpan, value);
        }
        else
        {
            digests.HashPieces(content);
        }

        return digests;
    }

    /// <summary>Returns the value of one function; empty where it was not needed.</summary>
    public ReadOnlyMemory<byte> ValueOf(HashFunction function)
    {
        foreach (var (known, value) in digests)
        {
            if (known == function)
                return value;
        }

        return default;
    }

    private void HashPieces(in ReadOnlySequence<byte> content)
    {
        var hashes = digests.ConvertAll(digest => IncrementalHash.CreateHash(digest.Function.PlatformName!.Value));
        try
        {
            foreach (var piece in content)
            {
                foreach (var hash in hashes)
                    hash.AppendData(piece.Span);
            }

            for (var i = 0; i < hashes.Count; i++)
                hashes[i].GetHashAndReset(digests[i].Value);
        }
        finally
        {
            hashes.ForEach(hash => hash.Dispose());
        }
    }
}
