namespace Postseal.Cms.Enveloped;

/// <summary>How a RecipientInfo names the certificate it is for.</summary>
internal enum RecipientNaming
{
    /// <summary>By issuer and serial number, which every reader knows.</summary>
    IssuerAndSerialNumber,

    /// <summary>By the certificate's subjectKeyIdentifier.</summary>
    SubjectKeyIdentifier,
}
