namespace Ingest.Core.Stores;

/// <summary>The names that every store accepts. Checked here once, because a name made from a department's data must never leave its folder.</summary>
internal static class ObjectName
{
    /// <exception cref="ArgumentException">The name is empty, absolute, or has an empty, '.' or '..' segment, a backslash or a NUL.</exception>
    public static void Check(string name)
    {
        if (!IsValid(name)) Refuse(name);
    }

    /// <summary>Like <see cref="Check"/> for the start of a name, which may be empty and may end inside a segment.</summary>
    public static void CheckPrefix(string prefix)
    {
        if (prefix.Length > 0 && !IsValid(prefix.EndsWith('/') ? prefix[..^1] : prefix)) Refuse(prefix);
    }

    public static bool IsValid(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty || name.IndexOfAny('\\', '\0') >= 0) return false;
        foreach (var part in name.Split('/'))
        {
            if (name[part] is "" or "." or "..") return false;
        }

        return true;
    }

    private static void Refuse(string name) => throw new ArgumentException(
        $"'{name}' is no object name: names are relative, with '/' between segments that are neither empty nor '.' nor '..'.", nameof(name));
}
