using Microsoft.Extensions.Logging;
using Net.Pkcs11Interop.Common;
using Postseal.Pkcs11.Module;
using Postseal.Pkcs11.Work;
using Pkcs11Uri = Postseal.Certificates.Sources.Pkcs11Uri;

namespace Postseal.Pkcs11.Listing;

/// <summary>Reads what the tokens have, on a thread and in a session of its own, as that may take long.</summary>
/// <param name="wanted">Which tokens are used; <see langword="null"/> where the settings do not say.</param>
/// <param name="reader">Reads one.</param>
/// <param name="logger">Takes what changed.</param>
internal sealed class TokenLister(Pkcs11Uri? wanted, TokenReader reader, ILogger logger)
{
    /// <summary>Reads all of them. Blocks; for one thread at a time.</summary>
    /// <param name="sessions">The thread's sessions.</param>
    /// <param name="before">The list before.</param>
    /// <param name="now">The clock's time stamp.</param>
    public TokenList Read(SessionCache sessions, TokenList? before, long now)
    {
        var generation = sessions.Module.Generation;
        var present = Present(sessions, out var problem);
        if (present.Count == 0)
        {
            // Some libraries see what was put in only after they were started anew.
            sessions.Module.Restart(generation);
            present = Present(sessions, out problem);
        }

        if (wanted is null && present.Count(token => token.NeedsLogin) > 1)
        {
            var names = string.Join(", ", present.Select(token => $"'{token.Name.Label}'"));
            problem = $"there are several tokens ({names}), and the PIN of one is a wrong one for the others: name yours, as [Pkcs11] Token = "
                + Pkcs11Uri.Of(present[0].Name.Label, "", []);
            present = [];
        }

        var tokens = present.ConvertAll(token => Read(sessions, token, Before(before, token.Name)));
        if (tokens.Exists(token => HasLost(token, Before(before, token.Info.Name))))
        {
            // A library that did not notice that its token is away lists nothing. It has to say so twice, from the beginning.
            if (sessions.Module.Restart(sessions.Module.Generation))
            {
                present = Present(sessions, out problem);
                tokens = present.ConvertAll(token => Read(sessions, token, Before(before, token.Name)));
            }
            else
            {
                tokens = tokens.ConvertAll(token => HasLost(token, Before(before, token.Info.Name))
                    ? token with { Content = Before(before, token.Info.Name), Problem = "lists less than it had; it is asked again" }
                    : token);
            }
        }

        tokens.AddRange((before?.Tokens ?? [])
            .Where(old => old.Content is not null && tokens.TrueForAll(token => token.Info.Name != old.Info.Name))
            .Select(old => old with { Problem = problem ?? "is not there: put it back in, or see that its device can be reached" }));
        var list = TokenList.Of(now, tokens, WhyNotWhole(tokens, problem), before);
        Log(list, before);
        return list;
    }

    private List<TokenInfo> Present(SessionCache sessions, out string? problem)
    {
        problem = null;
        try
        {
            return sessions.Module.Use(library =>
            {
                var tokens = new List<TokenInfo>();
                foreach (var slot in library.GetSlots())
                {
                    try
                    {
                        if (library.GetToken(slot) is { IsInitialized: true } token && (wanted is null || token.Matches(wanted)))
                            tokens.Add(token);
                    }
                    catch (Pkcs11Exception e) when (e.IsSessionLost())
                    {
                        // Pulled meanwhile.
                    }
                }

                return tokens;
            });
        }
        catch (Pkcs11Exception e)
        {
            problem = $"the library {sessions.Module.Path} does not list its tokens: {e.Describe()}";
        }
        catch (IOException e)
        {
            problem = e.Message;
        }

        return [];
    }

    private ListedToken Read(SessionCache sessions, TokenInfo token, TokenContent? before)
    {
        try
        {
            return new ListedToken(token, sessions.In(token.Name, session => reader.Read(session, before)), null);
        }
        catch (IOException e)
        {
            return new ListedToken(token, before, AfterName(e.Message, token.Name));
        }
        catch (Pkcs11Exception e)
        {
            return new ListedToken(token, before, $"did not do it: {e.Describe()}");
        }
    }

    // Of a token that was read once it is known what it has. Of one that never was it is not, and so of none what they do not have.
    private string? WhyNotWhole(List<ListedToken> tokens, string? problem)
    {
        if (tokens.Find(token => token.Content is null) is { } unread)
            return $"{unread.Info.Name} {unread.Problem}";
        var named = wanted is null ? "" : " that [Pkcs11] Token names";
        return tokens.Count > 0 ? null : problem ?? $"the library shows no token{named}: put it in, or see "
            + "that its device can be reached and that the library finds settings of its own, as SoftHSM by SOFTHSM2_CONF";
    }

    private static bool HasLost(ListedToken token, TokenContent? before) => before is not null && before.Entries.Any(
        old => !token.Content!.Entries.Any(entry => ReferenceEquals(entry.Certificate.Certificate, old.Certificate.Certificate)));

    private void Log(TokenList list, TokenList? before)
    {
        if (list.Problem is { } problem && problem != before?.Problem)
            Pkcs11Log.TokenAway(logger, problem);
        foreach (var token in list.Tokens)
        {
            var old = before?.Tokens.FirstOrDefault(other => other.Info.Name == token.Info.Name);
            if (token is { Problem: { } reason, Content: not null } && reason != old?.Problem)
                Pkcs11Log.TokenAway(logger, $"{token.Info.Name} {reason}");
            if (token is not { Problem: null, Content: { } content } || (old is { Problem: null } && ReferenceEquals(old.Content, content)))
                continue;
            Pkcs11Log.TokenRead(logger, token.Info.Name.ToString(), content.Entries.Count);
            foreach (var finding in content.Findings.Except(old?.Content?.Findings ?? []))
                Pkcs11Log.TokenFinding(logger, token.Info.Name.ToString(), finding);
        }
    }

    private static TokenContent? Before(TokenList? before, TokenName token) =>
        before?.Tokens.FirstOrDefault(listed => listed.Info.Name == token)?.Content;

    private static string AfterName(string message, TokenName token) =>
        message.StartsWith($"{token} ", StringComparison.Ordinal) ? message[($"{token} ".Length)..] : message;
}
