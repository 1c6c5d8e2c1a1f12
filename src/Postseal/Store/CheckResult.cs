using System.Text.Json.Serialization;
using Postseal.Certificates.Store;

namespace Postseal.Program.Store;

/// <summary>What <c>postseal check</c> found.</summary>
/// <param name="Directory">The certificate directory.</param>
/// <param name="Senders">Everyone with files in the directory or a key in the token, and everyone whose section needs some that are not
/// there.</param>
/// <param name="Sections">What each <c>[Sender:…]</c> section comes to.</param>
/// <param name="Correspondents">Whose mail can be encrypted.</param>
/// <param name="Incoming">What is verified of mail that comes in, and whom it trusts.</param>
/// <param name="Harvest">What is learned from signed mail.</param>
/// <param name="RevocationLists">The revocation lists on this machine.</param>
/// <param name="Sources">The sources of certificates and keys outside of files; nothing where there are none.</param>
/// <param name="Unused">The files in the directory that are not used, and why.</param>
/// <param name="Warnings">What works and should be mended.</param>
internal sealed record CheckResult(
    string Directory, IReadOnlyList<CheckedSender> Senders, IReadOnlyList<CheckedSection> Sections, CheckedCorrespondents Correspondents,
    CheckedIncoming? Incoming, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CheckedHarvest? Harvest,
    IReadOnlyList<CheckedRevocationList> RevocationLists,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<CheckedSource>? Sources,
    IReadOnlyList<UnusedFile> Unused, IReadOnlyList<string> Warnings);

/// <summary>What the check says of one sender.</summary>
/// <param name="Address">The address its files are named after.</param>
/// <param name="Subject">The subject of its certificate.</param>
/// <param name="Issuer">The issuer of its certificate.</param>
/// <param name="DaysLeft">The whole days until it expires; negative when it has.</param>
/// <param name="Key">The kind of key.</param>
/// <param name="Problem">Why it cannot be used, if it cannot.</param>
/// <param name="Wanted">Whether the configuration wants this sender's mail signed.</param>
internal sealed record CheckedSender(
    string Address, string? Subject, string? Issuer, int? DaysLeft, string? Key, string? Problem, bool Wanted)
{
    /// <summary>Gets whether its key is in the token.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsInToken { get; init; }
}

/// <summary>What one <c>[Sender:…]</c> section comes to, with what it leaves to others filled in.</summary>
/// <param name="Section">Its name, in brackets.</param>
/// <param name="Mode">Whether mail is signed.</param>
/// <param name="Form">The form of signed mail.</param>
/// <param name="Digest">The digest algorithm.</param>
/// <param name="RsaPadding">The padding of RSA signatures.</param>
/// <param name="SignsWith">The files it signs with, or why there are none; nothing for a domain.</param>
internal sealed record CheckedSection(
    string Section, string Mode, string Form, string Digest, string RsaPadding, string? SignsWith);

/// <summary>What the check says of those whose keys are elsewhere.</summary>
/// <param name="Total">How many there are certificates of.</param>
/// <param name="Usable">To how many of them mail can be encrypted now.</param>
/// <param name="Wanted">Whether any setting asks for encryption.</param>
/// <param name="Attention">Those whose certificates cannot be used or end soon.</param>
internal sealed record CheckedCorrespondents(int Total, int Usable, bool Wanted, IReadOnlyList<CheckedCorrespondent> Attention);

/// <summary>What the check says of one of them.</summary>
/// <param name="Address">The address, or the domain.</param>
/// <param name="Source">The files of the certificate that is used.</param>
/// <param name="DaysLeft">The whole days until it expires.</param>
/// <param name="Problem">Why mail cannot be encrypted, if it cannot.</param>
/// <param name="Required">Whether the configuration has mail to him encrypted or refused.</param>
internal sealed record CheckedCorrespondent(string Address, string? Source, int? DaysLeft, string? Problem, bool Required);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CheckResult))]
internal sealed partial class CheckJson : JsonSerializerContext;
