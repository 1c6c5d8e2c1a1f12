using Postseal.Certificates.Trust;
using Postseal.Policy;
using Postseal.Settings;

namespace Postseal.Program.Store;

/// <summary>What the check says of mail that comes in.</summary>
/// <param name="Domains">The domains whose mail is verified.</param>
/// <param name="AuthservId">The name under which verdicts are written.</param>
/// <param name="Anchors">How many CAs are trusted; <see langword="null"/> where they cannot be read.</param>
/// <param name="AnchorsIn">Where they are, if anywhere.</param>
/// <param name="MustSign">The addresses and domains whose mail has to be signed.</param>
/// <param name="MustEncrypt">The addresses and domains whose mail has to be encrypted.</param>
/// <param name="Opened">How mail that is encrypted to keys here is delivered; <see langword="null"/> where none is opened.</param>
internal sealed record CheckedIncoming(
    IReadOnlyList<string> Domains, string AuthservId, int? Anchors, string? AnchorsIn, IReadOnlyList<string> MustSign,
    IReadOnlyList<string> MustEncrypt, string? Opened)
{
    /// <summary>Checks the settings; <see langword="null"/> where nothing is incoming and nobody trusted.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="warnings">Takes what should be mended.</param>
    public static CheckedIncoming? Of(PostsealOptions options, TimeProvider time, List<string> warnings)
    {
        var (incoming, trust) = (options.Incoming, options.Certificates.Trust);
        var isOn = incoming.Verify && incoming.Domains.Count > 0;
        if (!isOn && trust.Anchors is null)
            return null;
        var anchors = Count(trust, time, warnings);
        if (isOn && anchors == 0)
            warnings.Add("[Trust] Anchors names no CA: no signature of incoming mail passes; name those you trust for mail");
        if (incoming.Decrypt && options.Splitting.Method == SplitMethod.None)
        {
            warnings.Add(
                "[Incoming] Decrypt = yes, and [Splitting] Method = None: encrypted mail to several recipients stays encrypted; "
                + "Postfix and Reinject say how each gets his own");
        }

        return new CheckedIncoming(
            isOn ? [.. incoming.Domains.Select(domain => domain.Text[1..])] : [],
            new IncomingPolicy(incoming, options.Originating, options.Override).Own.AuthservId, anchors, trust.Anchors,
            Of(incoming, rules => rules.Signed), Of(incoming, rules => rules.Encrypted),
            incoming.Decrypt ? incoming.Deliver == OpenedDelivery.Plain ? "in clear" : "encrypted again, to the reader's own certificate" : null);
    }

    private static string[] Of(IncomingOptions incoming, Func<FromRules, ProtectionDemand?> demand) =>
        [
            .. incoming.From.Where(rules => demand(rules.Value) == ProtectionDemand.Required)
                .Select(rules => rules.Key.Text).Order(StringComparer.Ordinal),
        ];

    private static int? Count(TrustOptions trust, TimeProvider time, List<string> warnings)
    {
        try
        {
            return new TrustAnchors(trust.Anchors, time, warnings.Add).Current().Count;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warnings.Add($"{e.Message}; until that is mended, incoming mail that is signed gets smime=temperror");
            return null;
        }
    }
}
