using System.Security.Cryptography;
using Postseal.Cms;
using Postseal.Cms.Enveloped;

namespace Postseal.Policy;

/// <summary>Determines how the key of a message is encrypted to a recipient, by certificate, announced capabilities and settings.</summary>
internal static class EnvelopeRecipients
{
    /// <summary>Returns it for a recipient who has a certificate.</summary>
    public static EnvelopeRecipient Of(RecipientPlan recipient)
    {
        var (key, announced) = (recipient.Certificate!.EncryptionKey, recipient.Certificate.Abilities?.OaepDigest);
        var oaep = recipient.Rules.RsaPadding switch
        {
            KeyTransport.Oaep => true,
            KeyTransport.Pkcs1 => key.RequiresOaep,
            _ => key.RequiresOaep || announced is not null,
        };
        return new EnvelopeRecipient(key, oaep) { OaepParameters = OaepParameters.With(announced ?? HashAlgorithmName.SHA256) };
    }
}
