namespace Postseal.Pkcs11.Login;

/// <summary>Nobody is logged in to a token, and why.</summary>
/// <param name="message">The end of a sentence that begins with the token, with what to do.</param>
internal sealed class LoginException(string message) : IOException(message);
