using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Pkcs11.Module;
using Postseal.Settings;

namespace Postseal.Pkcs11;

/// <summary>
/// Signs and decrypts with keys that never leave a token: a smart card, a USB token, a hardware security module, as <c>[Pkcs11]</c> names
/// it. On 64-bit Unix systems.
/// </summary>
public sealed class Pkcs11Provider : ISourceProvider
{
    /// <inheritdoc/>
    public string Section => "Pkcs11";

    /// <inheritdoc/>
    public IReadOnlyList<IRemoteSource> Open(PostsealOptions options, TimeProvider time, ILoggerFactory loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        if (options.Pkcs11.Module is not { } path)
            return [];
        var module = LoadedModule.Acquire(path, static library => new NativeModule(library));
        return [new Pkcs11Token(options.Pkcs11, module, time, loggerFactory.CreateLogger<Pkcs11Provider>())];
    }
}
