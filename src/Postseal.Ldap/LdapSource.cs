using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Ldap.Connections;
using Postseal.Ldap.Protocol;
using Postseal.Mail;

namespace Postseal.Ldap;

/// <summary>
/// The certificates of correspondents in a directory service. What the service cannot say for certain is an error: only an empty answer to a
/// search that succeeded means that there is nothing. Safe for any number of threads.
/// </summary>
/// <remarks>Who writes into a directory, or answers in its place, can offer any certificate for any address: the caller checks each against
/// the address and the CAs that are trusted.</remarks>
internal sealed partial class LdapSource : ICertificateSource, IAsyncDisposable
{
    private readonly LdapOptions options;
    private readonly ILogger logger;
    private readonly EntryReader reader;
    private readonly LdapProbe probe;

    /// <summary>Makes it.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes warnings about what is in the entries, each once.</param>
    public LdapSource(LdapOptions options, TimeProvider time, ILogger logger)
    {
        (this.options, this.logger) = (options, logger);
        Connections = new LdapConnections(options, time);
        reader = new EntryReader(Connections.Name, options.Attributes, warning => LogValue(warning));
        probe = new LdapProbe(options, time);
    }

    /// <inheritdoc/>
    public string Name => Connections.Name;

    /// <summary>Gets the connections, for whoever writes there too.</summary>
    public LdapConnections Connections { get; }

    /// <inheritdoc/>
    public async ValueTask<FoundCertificates> FindAsync(MailAddress address, CancellationToken cancellationToken = default)
    {
        if (!options.IsFor(address))
            return FoundCertificates.None;
        var search = new LdapSearch(options.Base, LdapFilter.For(options.Filter, address), options.Attributes) { TimeLimit = options.Timeout };
        try
        {
            var answer = await Connections.UseAsync(
                (connection, token) => connection.SearchAsync(search, token), cancellationToken).ConfigureAwait(false);
            if (answer is { Entries.Count: 0, Elsewhere: { } elsewhere })
            {
                throw new EntriesElsewhereException(
                    $"{Name} has no entry of {address}, and says that {elsewhere} may have one, which is not asked: give that server a section of its own, "
                    + "or a Base that leads past it");
            }

            return reader.Read(answer.Entries);
        }
        catch (IOException e) when (!IsOfAddress(e))
        {
            throw new SourceUnavailableException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default) =>
        await probe.RunAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Connections.DisposeAsync();

    /// <summary>Determines whether other addresses may have an answer all the same.</summary>
    private static bool IsOfAddress(IOException e) => e is AnswerTooLargeException or ConnectionsInUseException or EntriesElsewhereException or LdapException
    {
        Code: LdapResultCode.SizeLimitExceeded or LdapResultCode.TimeLimitExceeded or LdapResultCode.AdminLimitExceeded
            or LdapResultCode.UnwillingToPerform
            // Of an address that the server cannot read in a filter, as one with letters beyond ASCII.
            or LdapResultCode.ProtocolError or LdapResultCode.InappropriateMatching or LdapResultCode.ConstraintViolation
            or LdapResultCode.InvalidAttributeSyntax,
    };

    [LoggerMessage(420, LogLevel.Warning, "{Problem}")]
    private partial void LogValue(string problem);
}
