using System.Security.Cryptography;
using Net.Pkcs11Interop.Common;
using Postseal.Cms;

namespace Postseal.Pkcs11.Module;

/// <summary>
/// A mechanism with its parameter. The structures of PKCS #11 that are needed here have fields of one size only, CK_ULONG and pointers,
/// so that an array is one.
/// </summary>
/// <param name="Type">The mechanism.</param>
/// <param name="Parameter">The fields of its parameter.</param>
internal sealed record Mechanism(CKM Type, params ulong[] Parameter)
{
    private const ulong DataSpecified = 1; // CKZ_DATA_SPECIFIED

    /// <summary>Gets what one of the fields points to.</summary>
    public byte[] Data { get; private init; } = [];

    /// <summary>Gets which field that is.</summary>
    public int PointerField { get; private init; } = -1;

    public static Mechanism RsaPkcs1 { get; } = new(CKM.CKM_RSA_PKCS);

    /// <summary>Gets the bare operation, without padding.</summary>
    public static Mechanism RsaRaw { get; } = new(CKM.CKM_RSA_X_509);

    public static Mechanism Ecdsa { get; } = new(CKM.CKM_ECDSA);

    /// <summary>CK_RSA_PKCS_PSS_PARAMS { hashAlg, mgf, sLen }: MGF1 with the same hash, the salt as long as it (RFC 4056).</summary>
    public static Mechanism Pss(Digest digest) =>
        new(CKM.CKM_RSA_PKCS_PSS, HashOf(digest.HashName()), MaskOf(digest.HashName()), (ulong)digest.Length());

    /// <summary>CK_RSA_PKCS_OAEP_PARAMS { hashAlg, mgf, source, pSourceData, ulSourceDataLen }</summary>
    public static Mechanism Oaep(OaepParameters parameters) =>
        new(CKM.CKM_RSA_PKCS_OAEP, HashOf(parameters.Hash), MaskOf(parameters.MaskHash), DataSpecified, 0, (ulong)parameters.Label.Length)
        {
            Data = parameters.Label.ToArray(),
            PointerField = 3,
        };

    /// <summary>CK_ECDH1_DERIVE_PARAMS { kdf, ulSharedDataLen, pSharedData, ulPublicDataLen, pPublicData }: the coordinate as it is.</summary>
    public static Mechanism Ecdh(byte[] point) => new(CKM.CKM_ECDH1_DERIVE, (ulong)CKD.CKD_NULL, 0, 0, (ulong)point.Length, 0)
    {
        Data = point,
        PointerField = 4,
    };

    private static ulong HashOf(HashAlgorithmName hash) => (ulong)(hash.Name switch
    {
        "SHA1" => CKM.CKM_SHA_1,
        "SHA256" => CKM.CKM_SHA256,
        "SHA384" => CKM.CKM_SHA384,
        _ => CKM.CKM_SHA512,
    });

    private static ulong MaskOf(HashAlgorithmName hash) => (ulong)(hash.Name switch
    {
        "SHA1" => CKG.CKG_MGF1_SHA1,
        "SHA256" => CKG.CKG_MGF1_SHA256,
        "SHA384" => CKG.CKG_MGF1_SHA384,
        _ => CKG.CKG_MGF1_SHA512,
    });
}
