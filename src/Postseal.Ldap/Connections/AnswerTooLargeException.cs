namespace Postseal.Ldap.Connections;

/// <summary>An answer is larger than any honest one. The server is not down: other questions may have smaller answers.</summary>
/// <param name="message">Which bound it exceeds, for the log.</param>
internal sealed class AnswerTooLargeException(string message) : IOException(message);

/// <summary>The server has no entry, and says that another one, which is not asked, may have it: that is no absence.</summary>
/// <param name="message">Which other server, and what to do.</param>
internal sealed class EntriesElsewhereException(string message) : IOException(message);

/// <summary>The server closed the connection, as servers do with those that were idle for long.</summary>
/// <param name="message">Which server, for the log.</param>
/// <param name="cause">What the platform says, where it says something.</param>
internal sealed class ConnectionClosedException(string message, Exception? cause = null) : IOException(message, cause);
