using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Net.Pkcs11Interop.Common;
using Postseal.Certificates;
using Postseal.Pkcs11.Keys;
using Postseal.Pkcs11.Module;
using Postseal.Pkcs11.Work;
using Pkcs11Uri = Postseal.Certificates.Sources.Pkcs11Uri;

namespace Postseal.Pkcs11.Listing;

/// <summary>Reads what is in a token: which certificates, and which of its keys belongs to each.</summary>
/// <param name="workers">Who will wait for the token when the keys are used.</param>
internal sealed class TokenReader(WorkerPool workers)
{
    // More than the largest HSM of a mail system has; each takes a round trip.
    private const int MaxObjects = 20_000;

    /// <summary>Reads it. What has not changed is the same object as before.</summary>
    /// <param name="session">A session at it, logged in.</param>
    /// <param name="before">What was there the last time.</param>
    public TokenContent Read(Session session, TokenContent? before)
    {
        var (known, changed) = (KnownFrom(before), false);
        var certificates = CertificatesIn(session, known, out var findings);
        var authorities = certificates.Where(found => IsAuthority(found.Certificate)).Select(found => found.Certificate).ToList();
        if (before is not null && before.Authorities.SequenceEqual(authorities, ReferenceEqualityComparer.Instance))
            authorities = [.. before.Authorities];
        else
            changed = true;
        var entries = new List<TokenEntry>();
        var keys = KeysIn(session);
        foreach (var key in keys)
        {
            var own = certificates.Where(found => Belongs(session, key, found, before)).ToList();
            foreach (var found in own)
            {
                var same = changed ? null : before!.Entries.FirstOrDefault(
                    entry => ReferenceEquals(entry.Certificate.Certificate, found.Certificate) && entry.Key == key && entry.Label == found.Label);
                entries.Add(same ?? EntryOf(session.Token.Name, found, key, authorities));
            }

            if (WhyOfNoUse(key, own) is { } reason)
                findings.Add(reason);
        }

        findings.AddRange(certificates
            .Where(found => !IsAuthority(found.Certificate)
                && entries.TrueForAll(entry => !ReferenceEquals(entry.Certificate.Certificate, found.Certificate)))
            .Select(found => $"certificate '{found.Label}' has no key in the token"
                + (keys.Exists(key => key.Id.AsSpan().SequenceEqual(found.Id)) ? ": the key with its id is another's" : "")));
        return !changed && before!.Entries.SequenceEqual(entries, ReferenceEqualityComparer.Instance) && before.Findings.SequenceEqual(findings)
            ? before
            : new TokenContent(entries, authorities, findings);
    }

    private TokenEntry EntryOf(TokenName token, Found found, KeyObject key, IReadOnlyList<X509Certificate2> authorities)
    {
        var label = found.Label.Length > 0 ? found.Label : key.Label;
        var certificate = MailCertificate.InToken(
            found.Certificate, TokenKey.Of(found.Certificate, key, workers), Pkcs11Uri.Of(token.Label, label, found.Id), authorities);
        return new TokenEntry(certificate, key, found.Label, found.Id);
    }

    private static Dictionary<string, X509Certificate2> KnownFrom(TokenContent? before)
    {
        var known = new Dictionary<string, X509Certificate2>();
        foreach (var certificate in (before?.Entries.Select(entry => entry.Certificate.Certificate) ?? []).Concat(before?.Authorities ?? []))
            known.TryAdd(certificate.GetCertHashString(HashAlgorithmName.SHA256), certificate);
        return known;
    }

    private static List<Found> CertificatesIn(Session session, Dictionary<string, X509Certificate2> known, out List<string> findings)
    {
        var found = new List<Found>();
        findings = [];
        foreach (var item in session.Module.Find(session.Handle, CKO.CKO_CERTIFICATE, null, MaxObjects))
        {
            var values = session.Module.GetAttributes(session.Handle, item, CKA.CKA_VALUE, CKA.CKA_LABEL, CKA.CKA_ID, CKA.CKA_CERTIFICATE_TYPE);
            var label = KeyFinder.Text(values[1]);
            if (KeyFinder.Number(values[3]) is not (null or (ulong)CKC.CKC_X_509))
                continue;
            try
            {
                var encoded = values[0] ?? [];
                if (!known.TryGetValue(Convert.ToHexString(SHA256.HashData(encoded)), out var certificate))
                    certificate = X509CertificateLoader.LoadCertificate(encoded);
                if (PublicPart.Of(certificate) is { } key)
                    found.Add(new Found(certificate, key.Type, key.Value, label, values[2] ?? []));
            }
            catch (CryptographicException)
            {
                findings.Add($"certificate '{label}' is damaged");
            }
        }

        return found;
    }

    private static List<KeyObject> KeysIn(Session session)
    {
        var publicKeys = session.Module.Find(session.Handle, CKO.CKO_PUBLIC_KEY, null, MaxObjects)
            .Select(item => session.Module.GetAttributes(session.Handle, item, CKA.CKA_KEY_TYPE, CKA.CKA_ID, CKA.CKA_MODULUS, CKA.CKA_EC_POINT))
            .ToList();
        var abilities = TokenAbilities.Of(session);
        var keys = new List<KeyObject>();
        foreach (var item in session.Module.Find(session.Handle, CKO.CKO_PRIVATE_KEY, null, MaxObjects))
        {
            var values = session.Module.GetAttributes(
                session.Handle, item, CKA.CKA_KEY_TYPE, CKA.CKA_ID, CKA.CKA_LABEL, CKA.CKA_MODULUS, CKA.CKA_EC_POINT, CKA.CKA_SIGN, CKA.CKA_DECRYPT,
                CKA.CKA_DERIVE, CKA.CKA_ALWAYS_AUTHENTICATE);
            var type = KeyFinder.Number(values[0]);
            if (type is not ((ulong)CKK.CKK_RSA or (ulong)CKK.CKK_EC))
                continue;
            var isRsa = type == (ulong)CKK.CKK_RSA;
            var id = values[1] ?? [];
            var shown = values[isRsa ? 3 : 4];
            if (shown is not { Length: > 0 } && id.Length > 0)
            {
                var beside = publicKeys.Where(key => KeyFinder.Number(key[0]) == type && id.AsSpan().SequenceEqual(key[1])).ToList();
                shown = beside.Count == 1 ? beside[0][isRsa ? 2 : 3] : null;
            }

            keys.Add(new KeyObject(
                session.Token.Name, (CKK)type, id, KeyFinder.Text(values[2]),
                shown is not { Length: > 0 } ? null : isRsa ? PublicPart.OfModulus(shown) : PublicPart.OfPoint(shown),
                abilities.UsesOf(
                    (CKK)type, KeyFinder.Flag(values[5]), KeyFinder.Flag(values[6]), KeyFinder.Flag(values[7]), KeyFinder.Flag(values[8]))));
        }

        return keys;
    }

    /// <summary>Determines whether a key is that of a certificate: by what both show, or where the key shows nothing, by what it signs.</summary>
    private static bool Belongs(Session session, KeyObject key, Found found, TokenContent? before)
    {
        if (key.Type != found.Type)
            return false;
        if (key.Public is not null)
            return key.Public.AsSpan().SequenceEqual(found.Public);
        // Once is enough: another key under the same id would sign wrongly, and that is seen.
        if (before?.Entries.Any(entry => ReferenceEquals(entry.Certificate.Certificate, found.Certificate) && entry.Key == key) == true)
            return true;
        if (key.Id.Length == 0 || !key.Id.AsSpan().SequenceEqual(found.Id) || (key.Uses & (KeyUses.Signs | KeyUses.AlwaysAsks)) != KeyUses.Signs)
            return false;
        try
        {
            return TokenKey.Proves(session, found.Certificate, key);
        }
        catch (Pkcs11Exception e) when (!e.IsSessionLost())
        {
            return false;
        }
    }

    private static string? WhyOfNoUse(KeyObject key, IReadOnlyCollection<Found> certificates) => certificates.Count == 0
        ? $"{key} has no certificate in the token: import it with the same id "
            + $"(pkcs11-tool --write-object FILE --type cert --id {Convert.ToHexStringLower(key.Id)})"
        : (key.Uses & ~KeyUses.AlwaysAsks) == 0
            ? $"{key} may neither sign nor decrypt (CKA_SIGN, CKA_DECRYPT, CKA_DERIVE), or the token has no mechanism for it"
            : null;

    private static bool IsAuthority(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority);

    private sealed record Found(X509Certificate2 Certificate, CKK Type, byte[] Public, string Label, byte[] Id);
}
