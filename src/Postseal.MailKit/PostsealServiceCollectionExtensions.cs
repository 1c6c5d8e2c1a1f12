using MailKit;
using MailKit.Net.Smtp;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Postseal;
using Postseal.MailKit;
using Postseal.Settings;

// In the namespace of the container, where every program that uses one finds it.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Sets up <see cref="SmimeSmtpClient"/> for dependency injection.</summary>
public static class PostsealServiceCollectionExtensions
{
    /// <summary>
    /// Adds one shared <see cref="SmimeSigner"/>, and a new <see cref="SmimeSmtpClient"/> for whoever asks for one, for an
    /// <see cref="ISmtpClient"/> or for an <see cref="IMailTransport"/>, with the settings of a configuration section:
    /// <c>services.AddPostseal(configuration.GetSection("Postseal"))</c>. It logs its dialogue to an
    /// <see cref="IProtocolLogger"/>, where the program has registered one, and asks <see cref="RemoteSources"/> that the program has registered.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">The section with the settings. Relative paths in it start from the content root of the
    /// host, <see cref="IHostEnvironment.ContentRootPath"/>; where there is no host, from the program's directory.</param>
    /// <exception cref="ConfigurationException">Something in the settings is wrong: at the start, not at the first mail.</exception>
    public static IServiceCollection AddPostseal(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddPostseal(PostsealOptions.FromConfiguration(configuration, ContentRootOf(services)));
    }

    /// <summary>Adds the same with settings read from a file or made in code.</summary>
    /// <param name="services">The services.</param>
    /// <param name="options">The settings.</param>
    public static IServiceCollection AddPostseal(this IServiceCollection services, PostsealOptions options)
    {
        services.TryAddSingleton(provider => new SmimeSigner(
            options, provider.GetService<ILoggerFactory>(), provider.GetService<TimeProvider>(), provider.GetService<RemoteSources>()));
        services.TryAddTransient(CreateClient);
        // Not TryAdd: mail of a program that has registered MailKit's own client before would go out unsigned.
        services.AddTransient<ISmtpClient>(CreateClient);
        services.AddTransient<IMailTransport>(CreateClient);
        return services;
    }

    private static SmimeSmtpClient CreateClient(IServiceProvider provider) => new(
        provider.GetRequiredService<SmimeSigner>(),
        provider.GetService<IProtocolLogger>() is { } logger ? new SharedProtocolLogger(logger) : new NullProtocolLogger());

    /// <summary>Finds the content root. ASP.NET Core and the generic host register their environment before the program registers anything.</summary>
    private static string? ContentRootOf(IServiceCollection services) =>
        services.LastOrDefault(service => service.ServiceType == typeof(IHostEnvironment) && !service.IsKeyedService)
            ?.ImplementationInstance is IHostEnvironment environment
            ? environment.ContentRootPath
            : null;
}
