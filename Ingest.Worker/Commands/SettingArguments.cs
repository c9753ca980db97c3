namespace Ingest.Worker.Commands;

/// <summary>Settings on the command line look like <c>--Ingest:Section:Name=value</c>; anything else that is left over is a typing error.</summary>
internal static class SettingArguments
{
    public static IEnumerable<string> Check(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            var isSetting = argument.StartsWith("--Ingest:", StringComparison.OrdinalIgnoreCase) || argument.StartsWith("--Logging:", StringComparison.OrdinalIgnoreCase);
            if (!isSetting) yield return $"'{argument}' is not known here. Settings are given as --Ingest:Section:Name=value.";
            else if (!argument.Contains('=', StringComparison.Ordinal)) i++;
        }
    }
}
