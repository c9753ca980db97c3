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

    public static string Encode(string path)
    {
        var encoded = new StringBuilder(path.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(path))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || Kept.Contains((char)b, StringComparison.Ordinal)) encoded.Append((char)b);
            else encoded.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }

    /// <summary>The path as logged, where encoding the decoded one would give another text; else null.</summary>
    public static string? Foreign(string logged) => string.Equals(Encode(Decode(logged)), logged, StringComparison.Ordinal) ? null : logged;

    public static string Decode(string path) => Uri.UnescapeDataString(path);
}
