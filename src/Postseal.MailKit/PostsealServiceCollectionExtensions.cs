using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Postseal.Configuration;
using Postseal.MailKit;

// In the namespace of the container, where every program that uses one finds it.
#pragma warning disable IDE0130
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Set-up of <see cref="SmimeSmtpClient"/> for dependency injection.</summary>
public static class PostsealServiceCollectionExtensions
{
    /// <summary>
    /// Adds one shared <see cref="SmimeSigner"/>, and an <see cref="SmimeSmtpClient"/> for whoever asks for one, with the
    /// settings of a configuration section: <c>services.AddPostseal(configuration.GetSection("Postseal"))</c>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">The section with the settings. Relative paths in it start from the program's directory.</param>
    /// <exception cref="ConfigurationException">Something in the settings is wrong: at the start, not at the first mail.</exception>
    public static IServiceCollection AddPostseal(this IServiceCollection services, IConfiguration configuration) =>
        services.AddPostseal(PostsealOptions.FromConfiguration(configuration));

    /// <summary>Adds the same with settings read from a file or made in code.</summary>
    /// <param name="services">The services.</param>
    /// <param name="options">The settings.</param>
    public static IServiceCollection AddPostseal(this IServiceCollection services, PostsealOptions options)
    {
        services.TryAddSingleton(provider => new SmimeSigner(
            options, provider.GetService<ILoggerFactory>(), provider.GetService<TimeProvider>()));
        services.TryAddTransient(provider => new SmimeSmtpClient(provider.GetRequiredService<SmimeSigner>()));
        return services;
    }
}
