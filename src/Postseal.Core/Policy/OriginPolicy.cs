using System.Net;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>Where a message comes from, as far as a signature is concerned.</summary>
internal enum Origin
{
    /// <summary>From a stranger: never signed.</summary>
    External,

    /// <summary>From a client in our networks that did not authenticate.</summary>
    TrustedNetwork,

    /// <summary>From a client that authenticated, wherever it is.</summary>
    Authenticated,
}

/// <summary>Decides which mail originates here, and which From a client may have signed.</summary>
internal sealed class OriginPolicy(OriginatingOptions options)
{
    /// <summary>
    /// Determines where a message comes from. A client that authenticated is known better than by its address, so its
    /// rule goes first even inside our networks: a webmail on this machine that passes its users' logins on must not give one
    /// the signature of another.
    /// </summary>
    public Origin Of(Envelope envelope) =>
        envelope.AuthenticatedUser is not null ? Origin.Authenticated
        : NetworkOf(envelope.ClientAddress) is not null ? Origin.TrustedNetwork
        : Origin.External;

    /// <summary>Finds the address that is the client's own by its login; <see langword="null"/> when there is none.</summary>
    public MailAddress? LoginAddressOf(Envelope envelope) =>
        envelope.AuthenticatedUser is { } name ? Login.Of(name, options.LoginDomain).Address : null;

    /// <summary>Decides whether a message of that origin may carry the signature of <paramref name="author"/>.</summary>
    public Permission MaySignAs(MailAddress author, Origin origin, Envelope envelope) => (origin, options) switch
    {
        (Origin.TrustedNetwork, { NetworksFrom: AllowedFrom.Any }) => AnyFromNetworks,
        (Origin.TrustedNetwork, _) => OfEnvelopeSender(author, envelope, "[Originating] NetworksFrom = EnvelopeSender"),
        (Origin.Authenticated, { AuthenticatedFrom: AuthenticatedFrom.Any }) => AnyFromLogins,
        (Origin.Authenticated, { AuthenticatedFrom: AuthenticatedFrom.EnvelopeSender }) =>
            OfEnvelopeSender(author, envelope, "[Originating] AuthenticatedFrom = EnvelopeSender"),
        (Origin.Authenticated, _) => OfLogin(author, Login.Of(envelope.AuthenticatedUser ?? "", options.LoginDomain)),
        _ => new Permission(false, "it does not originate here", "[Originating] Networks"),
    };

    /// <summary>Decides whether it may carry a signature in the name of several authors: only if each of them is allowed. The
    /// permission is that of the first, or the first refusal.</summary>
    public Permission MaySignAs(IReadOnlyList<MailAddress> authors, Origin origin, Envelope envelope)
    {
        var permission = MaySignAs(authors[0], origin, envelope);
        for (var i = 1; i < authors.Count && permission.IsGranted; i++)
        {
            if (MaySignAs(authors[i], origin, envelope) is { IsGranted: false } refused)
                permission = refused;
        }

        return permission;
    }

    /// <summary>Returns the network of ours that a client is in.</summary>
    public IPNetwork? NetworkOf(IPAddress? client)
    {
        if (client is null)
            return null;
        var address = client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client;
        foreach (var network in options.Networks)
        {
            if (network.Contains(address))
                return network;
        }

        return null;
    }

    private static readonly Permission AnyFromNetworks = new(true, "for any address", "[Originating] NetworksFrom = Any");
    private static readonly Permission AnyFromLogins = new(true, "for any address", "[Originating] AuthenticatedFrom = Any");
    private static readonly Permission OwnAddress = new(true, "it is the login's own address", ByLogin);
    private const string ByLogin = "[Originating] AuthenticatedFrom = Login";

    private static Permission OfEnvelopeSender(MailAddress author, Envelope envelope, string rule) =>
        author.Equals(envelope.Sender)
            ? new Permission(true, "it is the envelope sender", rule)
            : new Permission(false, $"its envelope sender is {envelope.Sender?.ToString() ?? "<>"}", rule);

    private Permission OfLogin(MailAddress author, Login login)
    {
        if (author.Equals(login.Address))
            return OwnAddress;
        var line = options.SenderLogins?.LineOf(author);
        var decidedBy = line is null ? ByLogin : $"{options.SenderLogins!.Path}:{line.Number}";
        if (line is not null && line.Logins.Contains(login.CanonicalText))
            return new Permission(true, $"{author} is given to the login {login.Name}", decidedBy);
        return new Permission(
            false,
            $"its login {login.Name} may not sign as {author}"
                + (login.Address is null ? ", being no address itself ([Originating] LoginDomain completes a name)" : ""),
            decidedBy);
    }
}
