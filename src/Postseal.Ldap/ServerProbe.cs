using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Postseal.Certificates.Sources;
using Postseal.Ldap.Connections;
using Postseal.Ldap.Protocol;
using Postseal.Mail;

namespace Postseal.Ldap;

/// <summary>Asks one server what it is, whether it has what the settings name, how fast it is, and how many certificates it has.</summary>
/// <param name="options">The settings of the source.</param>
/// <param name="server">The server.</param>
/// <param name="time">The clock.</param>
/// <param name="warnings">Takes what should be mended.</param>
internal sealed partial class ServerProbe(LdapOptions options, Uri server, TimeProvider time, List<string> warnings)
{
    private const int MaxCounted = 1000;
    private const int MaxSchema = 20_000;
    private const string NoAttributes = "1.1"; // RFC 4511 section 4.5.1.8

    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(500);
    private static readonly MailAddress Nobody = new("postseal-check", "example.org");
    private static readonly string[] OfRoot =
        ["vendorName", "vendorVersion", "structuralObjectClass", "forestFunctionality", "subschemaSubentry"];

    /// <summary>Asks it. Each question has the time limit of the settings.</summary>
    /// <returns>What was found, for people.</returns>
    /// <exception cref="IOException">It cannot be used.</exception>
    public async Task<string> RunAsync(LdapConnector connector, CancellationToken cancellationToken)
    {
        await using var connection = await LimitedAsync(token => connector.OpenAsync(server, token), cancellationToken).ConfigureAwait(false);
        var root = await SearchAsync(OfEntry("", OfRoot)).ConfigureAwait(false);
        if (options.Base.Length > 0)
            await SearchAsync(OfEntry(options.Base, [NoAttributes])).ConfigureAwait(false);
        await CheckSpeedAsync(SearchAsync).ConfigureAwait(false);
        if (Text(root, "subschemaSubentry") is { } schema)
            await CheckSchemaAsync(SearchAsync, schema).ConfigureAwait(false);
        return $"{Vendor(root)} at {server.OriginalString}, {await CountAsync(SearchAsync).ConfigureAwait(false)}";

        Task<LdapAnswer> SearchAsync(LdapSearch search) =>
            LimitedAsync(token => connection.SearchAsync(search with { TimeLimit = options.Timeout }, token), cancellationToken);
    }

    private Task<T> LimitedAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken) => TimeLimit.RunAsync(
        ask, options.Timeout, time,
        () => new IOException($"ldap:{options.Name} ({server.OriginalString}) did not answer within {options.Timeout.TotalSeconds:0.#} s"),
        cancellationToken);

    private async Task CheckSpeedAsync(Func<LdapSearch, Task<LdapAnswer>> search)
    {
        var start = time.GetTimestamp();
        await search(new LdapSearch(options.Base, LdapFilter.For(options.Filter, Nobody), [NoAttributes])).ConfigureAwait(false);
        if (time.GetElapsedTime(start) is var taken && taken > Slow)
            warnings.Add($"{server.OriginalString} took {taken.TotalSeconds:0.#} s for one address; has it an index (equality) of what Filter asks for?");
    }

    /// <summary>Looks for attributes of the filter that the server does not know, by which it finds nothing and says that all is well (RFC 4511
    /// section 4.5.1.7). Active Directory gives its schema out in parts, and of others it may not be seen: of these nothing is said.</summary>
    private async Task CheckSchemaAsync(Func<LdapSearch, Task<LdapAnswer>> search, string subschema)
    {
        const string Types = "attributeTypes"; // RFC 4512 section 4.2.2
        try
        {
            var question = OfEntry(subschema, [Types]) with { Filter = "(objectClass=subschema)", MaxValues = MaxSchema };
            var schema = await search(question).ConfigureAwait(false);
            var types = schema.Entries.SelectMany(entry => entry.Attributes)
                .Where(attribute => attribute.Description.Equals(Types, StringComparison.OrdinalIgnoreCase))
                .SelectMany(attribute => attribute.Values).Select(value => Encoding.UTF8.GetString(value.Span)).ToList();
            var names = AttributeInFilter().Matches(options.Filter).Select(match => match.Groups[1].Value).Distinct(StringComparer.OrdinalIgnoreCase);
            foreach (var name in types.Count == 0 ? [] : names.Where(name => !types.Exists(type => Defines(type, name))))
                warnings.Add($"{server.OriginalString} has no attribute '{name}', which Filter asks for: nothing is found by it.");
        }
        catch (LdapException)
        {
            // Then it is not known.
        }
    }

    private async Task<string> CountAsync(Func<LdapSearch, Task<LdapAnswer>> search)
    {
        var filter = $"(|{string.Concat(options.Attributes.Select(attribute => $"({attribute}=*)"))})";
        try
        {
            var sample = new LdapSearch(options.Base, filter, [NoAttributes]) { MaxEntries = MaxCounted, MaxValues = MaxSchema, IsSample = true };
            var (entries, isCutOff) = await search(sample).ConfigureAwait(false);
            if (entries.Count == 0 && !isCutOff)
            {
                warnings.Add($"{server.OriginalString} shows us no entry below '{options.Base}' that has {string.Join(" or ", options.Attributes)}; "
                    + "if there should be some, see to Base, Attributes and the rights of the account.");
            }

            var count = entries.Count.ToString("N0", CultureInfo.InvariantCulture);
            return $"{(isCutOff ? "at least " : "")}{count} {(entries.Count == 1 ? "entry" : "entries")} with certificates";
        }
        catch (LdapException e)
        {
            // Public directories answer questions about one address alone.
            return $"which does not let its certificates be counted ({e.Code})";
        }
    }

    private static LdapSearch OfEntry(string dn, IReadOnlyList<string> attributes) =>
        new(dn, "(objectClass=*)", attributes) { Scope = LdapScope.BaseObject };

    private static string Vendor(LdapAnswer root) =>
        Text(root, "structuralObjectClass") == "OpenLDAProotDSE" ? "OpenLDAP"
        : Text(root, "forestFunctionality") is not null ? "Active Directory"
        : Text(root, "vendorName") is { } name ? $"{name} {Text(root, "vendorVersion")}".TrimEnd()
        : "a directory server";

    /// <summary>Returns what a server says of itself, if it may be shown.</summary>
    private static string? Text(LdapAnswer answer, string type) => answer.Entries
        .SelectMany(entry => entry.ValuesOf(type)).Select(value => Encoding.UTF8.GetString(value.Span)).FirstOrDefault(ShortText().IsMatch);

    /// <summary>AttributeTypeDescription = LPAREN numericoid [ NAME qdescrs ] … (RFC 4512 section 4.1.2)</summary>
    private static bool Defines(string type, string name) =>
        type.Contains($"'{name}'", StringComparison.OrdinalIgnoreCase) || type.StartsWith($"( {name} ", StringComparison.Ordinal);

    [GeneratedRegex(@"^[\x20-\x7E]{1,100}$")]
    private static partial Regex ShortText();

    [GeneratedRegex(@"\(([A-Za-z0-9.-]+)[;A-Za-z0-9-]*[~<>]?=")]
    private static partial Regex AttributeInFilter();
}
