using Microsoft.Extensions.Logging;

namespace Postseal.Pkcs11;

/// <summary>What the log says of tokens.</summary>
internal static partial class Pkcs11Log
{
    [LoggerMessage(430, LogLevel.Warning, "pkcs11: {Reason}; what needs its keys is deferred until then", EventName = "TokenAway")]
    public static partial void TokenAway(ILogger logger, string reason);

    [LoggerMessage(431, LogLevel.Information, "pkcs11: {Token}: certificates with keys: {Count}", EventName = "TokenRead")]
    public static partial void TokenRead(ILogger logger, string token, int count);

    [LoggerMessage(432, LogLevel.Warning, "pkcs11: {Token}: {Finding}", EventName = "TokenFinding")]
    public static partial void TokenFinding(ILogger logger, string token, string finding);
}
