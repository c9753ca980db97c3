using System.Globalization;
using System.Text;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// Physical relative paths in the log are URI-encoded (Delta protocol, "Add File"): a folder name that already holds a Hive escape is so escaped twice.
/// Letters, digits and the characters Spark leaves alone stay; all else, with every byte of non-ASCII text, becomes %XX.
/// </summary>
public static class LogPath
{
    private const string Kept = "-_.!~*'()/=+@&$,;";

    private static readonly System.Buffers.SearchValues<char> s_plain = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + Kept);

    public static string Encode(string path)
    {
        if (IsPlain(path)) return path;
        var encoded = new StringBuilder(path.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(path))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || Kept.Contains((char)b, StringComparison.Ordinal)) encoded.Append((char)b);
            else encoded.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }

    /// <summary>The path as logged, where encoding the decoded one would give another text; else null.</summary>
    public static string? Foreign(string logged) => IsPlain(logged) || string.Equals(Encode(Decode(logged)), logged, StringComparison.Ordinal) ? null : logged;

    public static string Decode(string path) => IsPlain(path) ? path : Uri.UnescapeDataString(path);

    /// <summary>Nothing to escape, and nothing escaped: so are nearly all, and there may be a million.</summary>
    private static bool IsPlain(string path) => path.AsSpan().IndexOfAnyExcept(s_plain) < 0;
}
