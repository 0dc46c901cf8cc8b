@echo off
rem Runs monitor in the folder where its settings are, wherever it is called from, and hands
rem arguments and exit code through. After a double click the window stays open until a key is
rem pressed. monitor.exe is looked for beside this file, and then one folder up.

rem Delayed expansion would swallow each "!" of a path or an argument.
setlocal EnableExtensions DisableDelayedExpansion
set "code=2"

set "folder=%~dp0"
if exist "%folder%monitor.exe" goto run
set "folder=%~dp0..\"
if exist "%folder%monitor.exe" goto run
echo run_monitor: monitor.exe is neither in "%~dp0" nor one folder up. Run setup_windows.ps1 first. 1>&2
goto end

:run
rem Unlike cd, pushd works on a network share, too. What ran before may have left an error level.
ver >nul
pushd "%folder%"
if errorlevel 1 goto end
.\monitor.exe %*
set "code=%errorlevel%"
popd

:end
rem A double click runs: cmd.exe /c ""C:\folder\run_monitor.bat" ", with that space before the last
rem quote. Nothing else leaves it there. The line may hold signs that only delayed expansion leaves
rem alone.
setlocal EnableDelayedExpansion
set "line=!CMDCMDLINE:"=!"
if /i not "!line:~-16!"=="run_monitor.bat " goto leave
echo.
echo monitor ended with code %code%.
pause

:leave
endlocal
exit /b %code%
