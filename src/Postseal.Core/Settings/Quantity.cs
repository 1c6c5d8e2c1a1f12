using System.Globalization;

namespace Postseal.Settings;

/// <summary>Numbers with the units people write behind them.</summary>
internal static class Quantity
{
    /// <summary>Parses a size in bytes, or with a suffix KiB, MiB, GiB: <c>65536</c>, <c>64K</c>, <c>64M</c>, <c>1G</c>.</summary>
    public static long ParseSize(string text)
    {
        var (digits, unit) = Split(text);
        return ParsePositive(digits) * unit.ToUpperInvariant() switch
        {
            "" => 1L,
            "K" or "KIB" => 1L << 10,
            "M" or "MIB" => 1L << 20,
            "G" or "GIB" => 1L << 30,
            _ => throw new FormatException(),
        };
    }

    /// <summary>Timers of the platform end at 49 days; nobody waits that long.</summary>
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromHours(1000);

    /// <summary>Parses a timeout, up to 1000 hours: <c>30s</c>, <c>10m</c>, <c>1h</c>.</summary>
    public static TimeSpan ParseTimeout(string text) =>
        ParseDuration(text) is var span && span <= LongestTimeout ? span : throw new FormatException();

    /// <summary>Parses a duration with its unit: <c>30s</c>, <c>10m</c>, <c>1h</c>, <c>30d</c>.</summary>
    public static TimeSpan ParseDuration(string text)
    {
        var (digits, unit) = Split(text);
        var number = ParsePositive(digits);
        return unit switch
        {
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            "d" => TimeSpan.FromDays(number),
            _ => throw new FormatException(),
        };
    }

    /// <summary>Parses a number above zero.</summary>
    public static int ParsePositive(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new FormatException();

    private static (string Digits, string Unit) Split(string text)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        return (text[..digits], text[digits..].Trim());
    }
}
