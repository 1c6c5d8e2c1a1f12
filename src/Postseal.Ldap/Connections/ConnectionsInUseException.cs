namespace Postseal.Ldap.Connections;

/// <summary>Thrown where all connections were in use for too long: that says nothing of the server.</summary>
/// <param name="message">The source, and what to do.</param>
internal sealed class ConnectionsInUseException(string message) : IOException(message);
