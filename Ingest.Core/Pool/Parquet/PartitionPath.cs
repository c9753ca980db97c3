using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Ingest.Core.Contracts;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Folders of a table's partitions, as Hive and Spark name them: <c>column=value</c>, with the characters that Hive escapes as %XX. The truth is in the log; this is convention.</summary>
public static class PartitionPath
{
    /// <summary>What stands for null.</summary>
    public const string Null = FolderText.Null;

    /// <summary>The folder, with a '/' at its end; empty for a table without partitions.</summary>
    public static string Folder(ImmutableArray<string> columns, ImmutableArray<string?> values)
    {
        var path = new StringBuilder();
        for (var i = 0; i < columns.Length; i++) path.Append(Escape(columns[i])).Append('=').Append(values[i] is { } value ? EscapeValue(value) : Null).Append('/');
        return path.ToString();
    }

    public static string Unescape(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && int.TryParse(text.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var code))
            {
                plain.Append((char)code);
                i += 2;
            }
            else
            {
                plain.Append(text[i]);
            }
        }

        return plain.ToString();
    }

    /// <summary>A value of dots only would be a way out of the table's folder.</summary>
    private static string EscapeValue(string value) => value.All(c => c == '.') ? value.Replace(".", "%2E", StringComparison.Ordinal) : Escape(value);

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (FolderText.IsEscaped(c)) escaped.Append('%').Append(((int)c).ToString("X2", CultureInfo.InvariantCulture));
            else escaped.Append(c);
        }

        return escaped.ToString();
    }
}
