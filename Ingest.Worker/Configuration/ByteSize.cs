using System.Globalization;

namespace Ingest.Worker.Configuration;

/// <summary>Sizes as people write them: <c>512MiB</c>, <c>64 MB</c>, <c>1GiB</c>, or plain bytes.</summary>
internal static class ByteSize
{
    private static readonly (string Suffix, long Factor)[] s_units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
    ];

    public static bool TryParse(string text, out long bytes)
    {
        var number = text.Trim();
        var factor = 1L;
        foreach (var (suffix, f) in s_units)
        {
            if (!number.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)) continue;
            number = number[..^suffix.Length].Trim();
            factor = f;
            break;
        }

        bytes = 0;
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value * factor > long.MaxValue) return false;
        bytes = (long)(value * factor);
        return true;
    }
}
