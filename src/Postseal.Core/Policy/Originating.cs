using System.Net;
using Postseal.Configuration;
using Postseal.Mime;

namespace Postseal.Policy;

/// <summary>Where a message comes from, as far as a signature is concerned.</summary>
internal enum Origin
{
    /// <summary>From a stranger: never signed.</summary>
    Outside,

    /// <summary>From a client in our networks that did not authenticate.</summary>
    Network,

    /// <summary>From a client that authenticated, wherever it is.</summary>
    Authenticated,
}

/// <summary>Decides whose mail is ours to sign, and whose From a client may have signed.</summary>
internal sealed class Originating(OriginatingOptions options)
{
    /// <summary>
    /// A client that authenticated is known better than by its address, so its rule goes first even inside our
    /// networks: a webmail on this machine that passes its users' logins on must not give one the signature of another.
    /// </summary>
    public Origin Of(Envelope envelope) =>
        !string.IsNullOrEmpty(envelope.AuthenticatedUser) ? Origin.Authenticated
        : NetworkOf(envelope.ClientAddress) is not null ? Origin.Network
        : Origin.Outside;

    /// <summary>Whether a message of that origin may carry the signature of <paramref name="author"/>.</summary>
    public bool MaySignAs(MailAddress author, Origin origin, Envelope envelope) => origin switch
    {
        Origin.Network => Allows(options.NetworksFrom, author, envelope),
        Origin.Authenticated => Allows(options.AuthenticatedFrom, author, envelope),
        _ => false,
    };

    /// <summary>The network of ours that a client is in.</summary>
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

    private static bool Allows(AllowedFrom rule, MailAddress author, Envelope envelope) =>
        rule == AllowedFrom.Any || author.Equals(envelope.Sender);
}
