<#
.SYNOPSIS
Runs the Windows scripts for real: the Windows job of .github/workflows/ci.yml.
.DESCRIPTION
Sets monitor up twice in a new folder whose path holds spaces, runs it from another folder, schedules it
twice and removes it twice. Stops at the first thing that is not as promised.
#>
param(
    [Parameter(Mandatory)][string]$MonitorPath
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Assert([bool]$holds, [string]$promise) {
    if (-not $holds) { throw "not so: $promise" }
    Write-Host "ok: $promise"
}

# Runs a script as a user does, in a process of its own, with the PowerShell that runs this one.
function Invoke-Script([string]$script, [string[]]$arguments) {
    & (Get-Process -Id $PID).Path -NoProfile -ExecutionPolicy Bypass -File "$scripts\$script" @arguments
    Assert ($LASTEXITCODE -eq 0) "$script $arguments"
}

# Sets $said and $code. The input is at its end, so that nothing waits for a key.
function Invoke-Launcher([string]$arguments) {
    Set-Content -LiteralPath $call -Encoding Ascii -Value "@call `"$launcher`" $arguments < NUL 2>&1", '@exit /b %ERRORLEVEL%'
    $script:said = & $call | Out-String
    $script:code = $LASTEXITCODE
}

function Get-Task {
    Get-ScheduledTask | Where-Object {
        $_.Actions | Where-Object { "$($_.Execute) $($_.Arguments) $($_.WorkingDirectory)" -like "*$name*" }
    }
}

$MonitorPath = (Resolve-Path -LiteralPath $MonitorPath).Path
$scripts = Split-Path -Parent $PSScriptRoot
$name = "monitor test $PID"
$folder = Join-Path ([IO.Path]::GetTempPath()) $name
$launcher = Join-Path $folder 'run_monitor.bat'
$settings = Join-Path $folder '.env'
$call = Join-Path ([IO.Path]::GetTempPath()) "call $PID.cmd"

Invoke-Script setup_windows.ps1 @('-MonitorPath', $MonitorPath, '-InstallDir', $folder)
foreach ($file in 'monitor.exe', 'run_monitor.bat', '.env') {
    Assert (Test-Path -LiteralPath (Join-Path $folder $file)) "the setup puts $file in place"
}
Assert (Get-Acl -LiteralPath $settings).AreAccessRulesProtected '.env takes no access over from its folder'

Add-Content -LiteralPath $settings -Value '# mine'
Invoke-Script setup_windows.ps1 @('-MonitorPath', $MonitorPath, '-InstallDir', $folder)
Assert ((Get-Content -Raw -LiteralPath $settings) -like '*# mine*') 'a second setup leaves .env alone'

Push-Location $env:SystemRoot
try {
    Invoke-Launcher '--version'
    Assert ($code -eq 0 -and $said -match 'monitor \d') 'the launcher runs monitor from any folder'
    Invoke-Launcher '--no-such-option'
    Assert ($code -eq 2) 'the launcher passes arguments and the exit code on'
} finally {
    Pop-Location
}

foreach ($time in 'first', 'second') {
    Invoke-Script setup_scheduler.ps1 @('-InstallDir', $folder)
    $tasks = @(Get-Task)
    Assert ($tasks.Count -eq 1) "there is one task after the $time call"
}
$limits = $tasks[0].Settings
Assert ($limits.MultipleInstances -eq 'IgnoreNew') 'a second instance is ignored'
Assert ($limits.ExecutionTimeLimit -eq 'PT15M') 'a run is stopped after 15 minutes'
Assert $limits.StartWhenAvailable 'a missed run is made up for'
foreach ($time in 'first', 'second') {
    Invoke-Script setup_scheduler.ps1 @('-Remove')
    Assert (@(Get-Task).Count -eq 0) "there is no task after the $time removal"
}
Remove-Item -Recurse -Force -LiteralPath $folder, $call
