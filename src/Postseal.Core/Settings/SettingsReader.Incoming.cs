using System.Globalization;
using Postseal.Certificates.Revocation;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Smime;

namespace Postseal.Settings;

/// <summary>What mail that comes in is verified by: [Incoming], [From:…] and [Revocation].</summary>
internal static partial class SettingsReader
{
    private static IncomingOptions ReadIncoming(SettingsFile file, IncomingOptions defaults)
    {
        var section = file.Section("Incoming");
        var options = new IncomingOptions
        {
            Domains = section.List("Domains", defaults.Domains, ParseIncomingDomain),
            AuthservId = section.Value("AuthservId", defaults.AuthservId, ParseAuthservId, "a host's name, as mx.example.org"),
            Verify = section.Flag("Verify", defaults.Verify),
            DateSkew = section.Value("DateSkew", defaults.DateSkew, Quantity.ParseDuration, "a time, as 1h"),
            MaxLayers = section.Value("MaxLayers", defaults.MaxLayers, ParseLayers, "a number from 1 to 10"),
            KeepResults = section.List("KeepResults", defaults.KeepResults, ParseMethod),
            Decrypt = section.Flag("Decrypt", defaults.Decrypt),
            Deliver = section.Enum<OpenedDelivery>("Deliver") ?? defaults.Deliver,
            Undecryptable = section.Enum<UndecryptableMail>("Undecryptable") ?? defaults.Undecryptable,
            Unauthenticated = section.Enum<UnauthenticatedContent>("Unauthenticated") ?? defaults.Unauthenticated,
            KeepSignature = section.Flag("KeepSignature", defaults.KeepSignature),
            TripleDes = section.Flag("TripleDes", defaults.TripleDes),
            Notice = section.ExistingFile("Notice"),
            NoticeLanguage = section.Text("NoticeLanguage") ?? defaults.NoticeLanguage,
            From = file.Named("From").ToDictionary(
                named => named.Whose,
                named => new FromRules(
                    named.Section.Enum<ProtectionDemand>("Signed"), named.Section.Enum<ProtectionDemand>("Encrypted"),
                    named.Section.Enum<UnmetDemand>("Otherwise"))),
        };
        if (options.From.Count > 0 && options.Domains.Count == 0)
            section.Error("Domains", "is empty, and [From:…] asks something of incoming mail; name the domains whose mail comes in here");
        if (options.Decrypt && options.Domains.Count == 0)
            section.Error("Decrypt", "opens mail that comes in, and Domains is empty; name the domains whose mail comes in here");
        if (options.Decrypt && !options.Verify)
            section.Error("Decrypt", "needs Verify = yes: without the signature inside nobody can tell whether what was encrypted was changed");
        CheckNotice(section, options);
        return options;
    }

    private static void CheckNotice(SettingsSection section, IncomingOptions options)
    {
        try
        {
            NoticeTemplate.Load(options.Notice, options.NoticeLanguage);
        }
        catch (FormatException e)
        {
            section.Error(options.Notice is null ? "NoticeLanguage" : "Notice", e.Message);
        }
    }

    private static RevocationOptions ReadRevocation(SettingsSection section, RevocationOptions defaults) => new()
    {
        Check = section.Enum<RevocationMethod>("Check") ?? defaults.Check,
        Unknown = section.Enum<UnknownRevocation>("Unknown") ?? defaults.Unknown,
        Proxy = section.Value("Proxy", defaults.Proxy, ParseProxy, "the address of an HTTP proxy, as http://proxy.example.org:3128"),
    };

    private static Uri ParseProxy(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var proxy) && proxy is { Scheme: "http" or "https", UserInfo: "", PathAndQuery: "/", Fragment: "" }
            ? proxy
            : throw new FormatException();

    private static AddressPattern ParseIncomingDomain(string text) =>
        AddressPattern.TryParse("@" + text, out var domain) ? domain : throw new FormatException($"'{text}' is not a domain, as example.org");

    /// <summary>RFC 8601 section 2.5: a host's name, or what looks like one.</summary>
    private static string ParseAuthservId(string text) =>
        text.Length <= 255 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') ? text : throw new FormatException();

    private static int ParseLayers(string text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var layers) && layers is >= 1 and <= 10 ? layers : throw new FormatException();

    /// <summary>RFC 8601 section 2.2: Keyword.</summary>
    private static string ParseMethod(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? text : throw new FormatException($"'{text}' is not a method, as dkim");
}
