using System.Buffers;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.Cms.Signed;
using Postseal.Mime;

namespace Postseal.Smime;

/// <summary>Reads application/pkcs7-mime (RFC 8551 section 3.2). What it is, the CMS object says, and no parameter.</summary>
internal static class ReceivedObject
{
    public static ReceivedLayer Read(BodyPart root)
    {
        if (TransferCoding.Decode(root, out var isAlone) is not { } encoded)
            return new ReceivedLayer.Broken("it is encoded so that readers decode different things");
        return ReceivedSignedData.TryRead(encoded) is { } signedData ? OfSignedData(signedData, isAlone) : OfOther(encoded, isAlone);
    }

    private static ReceivedLayer OfSignedData(ReceivedSignedData signedData, bool isAlone) => signedData switch
    {
        { HasContent: false, Signers: [], Obstacle: null } => new ReceivedLayer.Certificates(),
        { HasContent: false } => new ReceivedLayer.Broken("it has a signature without what that signs"),
        { ContentType: not Oids.Data } => new ReceivedLayer.Broken("what is signed in it is no mail"),
        _ => new ReceivedLayer.Signed(
            signedData.Content, signedData, IsDetached: false, isAlone ? null : "text behind it is not signed"),
    };

    private static ReceivedLayer OfOther(in ReadOnlySequence<byte> encoded, bool isAlone)
    {
        if (ReceivedEnvelope.TryRead(encoded) is { } envelope)
            return new ReceivedLayer.Encrypted(envelope, isAlone && envelope.IsAlone ? null : "text behind it is not encrypted");
        return CmsContent.TryRead(Pieces(encoded)) switch
        {
            { Type: CmsType.Enveloped or CmsType.AuthEnveloped } =>
                new ReceivedLayer.Broken("it is encrypted, and broken so that nobody can decrypt it"),
            { Type: CmsType.Compressed } => new ReceivedLayer.Compressed(),
            _ => new ReceivedLayer.Broken("it has no CMS object that can be read"),
        };
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Pieces(ReadOnlySequence<byte> encoded)
    {
        foreach (var piece in encoded)
            yield return piece;
    }
}
