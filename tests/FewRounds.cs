using System.Runtime.CompilerServices;
using Postseal.Certificates.Formats;

namespace Postseal.Tests;

/// <summary>Encrypts keys with a thousand rounds in tests, where hundreds are written and none is to be kept from anybody.</summary>
internal static class FewRounds
{
    [ModuleInitializer]
    internal static void Set() => PrivateKeyPem.Iterations = 1_000;
}
