using System.Buffers;

namespace Ingest.Core.Contracts;

/// <summary>
/// Texts in the names of partition folders: which characters are escaped there, as Hive and Spark do, and how long they may be. A folder shows its value whole or not at all:
/// readers of a glob take it from there, so a text that is too long is refused and never cut.
/// </summary>
public static class FolderText
{
    /// <summary>Most bytes of a text as a folder's name has it, escaped.</summary>
    public const int BytesMax = 150;

    /// <summary>What stands for null.</summary>
    public const string Null = "__HIVE_DEFAULT_PARTITION__";

    /// <summary>Most bytes of a folder's name, on any file system.</summary>
    internal const int NameBytesMax = 255;

    /// <summary>Most bytes of all folders of a partition: a bucket's names have 1,024, of which the pool's prefix, the table and the file take theirs.</summary>
    internal const int PathBytesMax = 700;

    private const string Escaped = "\"#%'*/:=?\\{[]^";

    private static readonly SearchValues<byte> s_escaped = SearchValues.Create([.. Enumerable.Range(0, 0x80).Where(c => IsEscaped((char)c)).Select(c => (byte)c)]);

    /// <summary>Whether a character is written as <c>%XX</c>.</summary>
    public static bool IsEscaped(char c) => c < 0x20 || c == 0x7F || Escaped.Contains(c, StringComparison.Ordinal);

    /// <summary>Whether a text (UTF-8) has at most <see cref="BytesMax"/> bytes in a folder's name.</summary>
    public static bool Fits(ReadOnlySpan<byte> text)
    {
        if (text.Length <= BytesMax / 3) return true;
        if (text.Length > BytesMax) return false;
        var bytes = text.Length;
        foreach (var b in text) bytes += s_escaped.Contains(b) ? 2 : 0;

        // A text of dots only is escaped as well: it would be a way out of the table's folder.
        return bytes <= BytesMax && text.ContainsAnyExcept((byte)'.');
    }

    /// <summary>Most bytes of the folder of a partition column, with the '/' at its end; null stands in any column but the department's.</summary>
    internal static int FolderBytes(string name, ColumnType type) => name.Length + 2 + (name == SystemColumns.Department ? ContractReader.NameLengthMax : type == ColumnType.String ? BytesMax : Null.Length);
}
