namespace Ingest.Core.Contracts;

/// <summary>Finds what somebody probably meant.</summary>
internal static class NearestName
{
    /// <summary>"Did you mean 'x'?", or the list of what there is; what there is too much of to list is described by <paramref name="otherwise"/>.</summary>
    public static string Suggest(string given, IEnumerable<string> known, string otherwise = "Remove it.")
    {
        var names = known.ToArray();
        if (Of(given, names) is { } nearest) return $"Did you mean '{nearest}'?";
        return names.Length is > 0 and <= 30 ? $"Known are: {string.Join(", ", names)}." : otherwise;
    }

    /// <summary>The name that is nearest to what was given; null when none is near.</summary>
    public static string? Of(string given, IEnumerable<string> known) =>
        known.MinBy(n => Distance(given, n)) is { } nearest && Distance(given, nearest) <= Math.Max(2, given.Length / 3) ? nearest : null;

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost));
            }
        }

        return row[b.Length];
    }
}
